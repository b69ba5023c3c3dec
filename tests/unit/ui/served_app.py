"""The app as it is, with a few routes more, by which a test starts a run and looks at the process."""

import sys
from pathlib import Path

import streamlit as st
from starlette.responses import JSONResponse
from starlette.routing import Route

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import app as real
from ui.identity.owner import owner_of
from ui.web.routes import routes
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import get_engine


def start(request):
    run = get_engine().start_run(
        owner_of(request),
        image_set="digits",
        model=ModelConfig(image_shape=(1, 8, 8), architecture="mlp", width=0.25),
        train=TrainConfig(epochs=500, batch_size=32),
    )
    return JSONResponse(run.id)


def look(request):
    run = get_engine().current_run(owner_of(request))
    return JSONResponse(
        {
            "torch": "torch" in sys.modules,
            "workers": get_engine().worker_pids(),
            "run": run and {"state": run.state, "step": run.step, "seconds": run.seconds},
        }
    )


app = st.App(
    ROOT / "ui" / "shell.py",
    lifespan=real.lifespan,
    routes=[Route("/test/start", start), Route("/test/look", look), *routes()],
    middleware=real.app._user_middleware,
)
