"""Follow the code of modules from an image, or a code, to what they return, without running a layer.

`torch.fx` runs the code once with a stand-in for the tensor and writes down each call of a module, function
or method; here these calls become a list of layers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn

from vae_core.exchange.modules.activations import KNOWN
from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.functions import function_named
from vae_core.exchange.modules.module_layers import is_taken, through
from vae_core.exchange.modules.streams import BATCH, Piece, Step, Stream

Net = Callable[..., Any]
"""A module, a method of one (`vae.encode`), or a function that calls modules."""


class Code:
    """Hold the calls that a net makes, in order.

    Args:
        net: a module, a method of one, or a function.
        part: "encoder" or "decoder", for sentences.

    Attributes:
        modules: those that are called, by their paths.

    Raises:
        ValueError: it cannot be followed: it asks what is in a tensor, or is no such thing.
    """

    def __init__(self, net: Net, part: str) -> None:
        self.part = part
        owner = owner_of(net)
        if owner is None and not callable(net):
            raise ValueError(
                f"the {part} is {type(net).__name__}; what would do is a module, such as a "
                "torch.nn.Sequential, "
                "or a method of one"
            )
        if isinstance(net, torch.jit.ScriptModule):
            raise ValueError(f"the {part} is compiled already; what would do is the module it was made of")
        self._tracer = _Tracer(owner)
        self.modules = self._tracer.modules
        try:
            with evaluating(*owners_of(net)):
                self._graph = self._tracer.trace(_Entrance(net))
        except fx.proxy.TraceError:
            raise ValueError(
                f"the {part} {self._tracer.whereabouts()}decides by what is in a tensor, with an if, a "
                "loop or "
                "len(): its layers cannot be written down; what would do is a chain of layers, the same for "
                "every image"
            ) from None
        except Exception as error:  # the code is anyone's
            said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise ValueError(
                f"the {part}'s code cannot be followed {self._tracer.whereabouts()}({said}); what would do "
                "is a "
                "torch.nn.Sequential, or a module whose forward(x) calls its layers in turn"
            ) from None

    def numbers_wanted(self) -> int | None:
        """Return how many numbers the first layer takes that says so; None where none does."""
        for node in self._graph.nodes:
            module = self.modules.get(str(node.target)) if node.op == "call_module" else None
            if isinstance(module, nn.Linear):
                return int(module.in_features)
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                return int(module.in_channels)
            if isinstance(module, nn.BatchNorm1d):
                return int(module.num_features)
            if isinstance(module, nn.Unflatten):
                return _product(module.unflattened_size)
            name = _name_of(node)
            if name in ("view", "reshape", "unflatten"):
                sides = [
                    side for each in node.args[1:] for side in (each if isinstance(each, tuple) else (each,))
                ]
                found = _product(sides[1:])
                if found is not None:
                    return found
            if name in ("linear", "conv2d", "conv_transpose2d", "matmul") and len(node.args) > 1:
                weight = self._tracer.constants.get(str(node.args[1]))
                if weight is not None:
                    return int(weight.shape[0 if name in ("conv_transpose2d", "matmul") else 1])
        return None

    def follow(self, draft: Draft) -> Any:
        """Return what the net makes of its input: a stream, a piece of one, or several.

        Raises:
            ValueError: the first call that is no layer here, and what would do.
        """
        first = Stream(Step(draft.entry), draft.entry)
        known: dict[fx.Node, Any] = {}

        def value(node: fx.Node) -> Any:
            return known[node]

        for node in self._graph.nodes:
            args = fx.node.map_arg(node.args, value)
            kwargs = fx.node.map_arg(node.kwargs, value)
            if node.op == "placeholder":
                known[node] = first
            elif node.op == "get_attr":
                known[node] = self._tracer.constants[str(node.target)]
            elif node.op == "output":
                return args[0]
            else:
                known[node] = self._called(draft, node, args, kwargs)
        raise AssertionError("a graph ends with its output")

    def _called(self, draft: Draft, node: fx.Node, args: Any, kwargs: Any) -> Any:
        if node.op == "call_module":
            path = str(node.target)
            module = self.modules[path]
            place = f"layer {path} of the {self.part} ({type(module).__name__})"
            call: Callable[[], Any] = lambda: through(draft, path, place, module, *args, **kwargs)  # noqa: E731
        else:
            name = _name_of(node)
            place = f"{name}() of the {self.part}"
            if not any(isinstance(each, (Stream, Piece)) for each in _flat((args, kwargs.values()))):
                call = lambda: _plain(node, name, args, kwargs)  # noqa: E731
            else:
                handler = function_named(name)
                if handler is None:
                    raise ValueError(f"{place}: {KNOWN}")
                call = lambda: handler(draft, place, *args, **kwargs)  # noqa: E731
        try:
            return call()
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        except (TypeError, IndexError, AttributeError):  # arguments that no handler knows
            raise ValueError(f"{place}: it is called in a way that is not known here") from None


def owner_of(net: Net) -> nn.Module | None:
    """Return the module that a net is, or whose method it is."""
    owner = net.__self__ if inspect.ismethod(net) else net
    return owner if isinstance(owner, nn.Module) else None


def owners_of(net: Net) -> tuple[nn.Module, ...]:
    """Return the modules that a net is made of, as far as it says: of a function, those that it names."""
    owner = owner_of(net)
    if owner is not None or not inspect.isfunction(net):
        return () if owner is None else (owner,)
    named = inspect.getclosurevars(net)
    return tuple(each for each in (*named.nonlocals.values(), *named.globals.values()) if _is_module(each))


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Put modules into eval mode for a while, and leave each as it was."""
    before = {each: each.training for module in modules for each in module.modules()}
    try:
        for each in before:
            each.training = False
        yield
    finally:
        for each, training in before.items():
            each.training = training


def _is_module(value: Any) -> bool:
    return isinstance(value, nn.Module)


class _Entrance(nn.Module):
    """Call a net with one input, whatever else it would take."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.__dict__["net"] = net  # no module of this one: its paths begin with its own

    def forward(self, x: Any) -> Any:
        return self.__dict__["net"](x)


class _Tracer(fx.Tracer):
    """Write down calls, with modules under the paths that their owner knows, and constants beside."""

    def __init__(self, owner: nn.Module | None) -> None:
        super().__init__()
        self.modules: dict[str, nn.Module] = {}
        self.constants: dict[str, Tensor] = {}
        self._paths = {} if owner is None else {module: name for name, module in owner.named_modules()}
        self._last = ""

    def whereabouts(self) -> str:
        """Say behind which layer the code went on."""
        return f"(behind layer {self._last}) " if self._last else ""

    def path_of_module(self, mod: nn.Module) -> str:
        path = self._paths.get(mod) or type(mod).__name__
        number, found = 2, path
        while self.modules.setdefault(found, mod) is not mod:
            found, number = f"{path}_{number}", number + 1
        return found

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        is_leaf = is_taken(m) or super().is_leaf_module(m, module_qualified_name)
        if is_leaf:
            self._last = module_qualified_name
        return is_leaf

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        return attr_val  # weights are constants here

    def create_arg(self, a: Any) -> Any:
        if isinstance(a, Tensor):
            name = f"constant_{len(self.constants)}"
            self.constants[name] = a
            return self.create_node("get_attr", name, (), {})
        return super().create_arg(a)


def _name_of(node: fx.Node) -> str:
    """Return the name of the function or method that is called."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _plain(node: fx.Node, name: str, args: Any, kwargs: Any) -> Any:
    """Calculate with sizes, which are plain numbers here."""
    if name in ("randn", "rand", "randn_like", "rand_like", "normal"):
        function_named("randn")(None, "")  # type: ignore[misc]
    if any(each is BATCH for each in _flat((args, kwargs.values()))) and name not in ("getitem", "numel"):
        raise ValueError("it calculates with the number of images; what would do is view(-1, ...)")
    if name == "numel":
        return torch.Size(args[0]).numel()
    if callable(node.target) and getattr(node.target, "__module__", "") in ("_operator", "math", "builtins"):
        return node.target(*args, **kwargs)
    raise ValueError("it is called in a way that is not known here")


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (tuple, list)) or type(value).__name__ == "dict_values":
            yield from _flat(value)
        else:
            yield value


def _product(sides: Any) -> int | None:
    numbers = tuple(sides)
    if not numbers or any(type(side) is not int or side < 1 for side in numbers):
        return None
    return int(torch.Size(numbers).numel())
