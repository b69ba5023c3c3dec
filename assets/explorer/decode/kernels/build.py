"""Compile kernels.c for three kinds of browsers: `make kernels`, which brings the compiler.

Each .wasm file carries the digest of the source that it was made from, in a section named "source".
"""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "kernels.c"

BUILDS = {
    "kernels-fused.wasm": "+simd128+relaxed_simd",
    "kernels.wasm": "+simd128",
    "kernels-plain.wasm": "",
}

FLAGS = [
    *["-target", "wasm32-freestanding", "-O3", "-Wall", "-Wextra", "-Werror"],
    *["-nostdlib", "-ffreestanding", "-fno-builtin"],
    # Only those products and sums are fused that the source fuses.
    "-ffp-contract=off",
    # Strength reduction would add up an address for each load; without it most become the load's own offset,
    # which costs nothing: fused products are a third faster.
    *["-mllvm", "-disable-lsr"],
    *["-Wl,--no-entry", "-Wl,--import-memory", "-Wl,--strip-all", "-Wl,-z,stack-size=4096"],
]


def main() -> None:
    """Compile, sign and write each build."""
    digest = hashlib.sha256(SOURCE.read_bytes().replace(b"\r\n", b"\n")).digest()
    for name, features in BUILDS.items():
        target = HERE / name
        cpu = f"-mcpu=mvp+bulk_memory{features}"
        compiler = [sys.executable, "-m", "ziglang", "cc"]
        subprocess.run([*compiler, cpu, *FLAGS, str(SOURCE), "-o", str(target)], check=True)
        signed = target.read_bytes() + section("source", digest)
        target.write_bytes(signed)
        target.chmod(0o644)
        print(f"{name}: {len(signed)} bytes")


def section(name: str, content: bytes) -> bytes:
    """Return a custom section of a WebAssembly module, of under 128 bytes."""
    body = bytes([len(name)]) + name.encode() + content
    return bytes([0, len(body)]) + body


if __name__ == "__main__":
    main()
