"""Pickles read as data: a small machine that knows dictionaries, lists, numbers and tensors.

Python's own unpickler calls what a file names. This machine follows the same opcodes and calls
nothing: an object of any other kind becomes an `Opaque` that remembers its name, so that notes
beside the weights (settings, paths, schedules) do no harm and need not be understood.

References
----------
Python, ``pickletools``: the opcodes and what each does to the stack.
"""

import pickletools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

MEMORY_A_BYTE = 80
"""Bytes of memory that one of a pickle takes at most: that which makes an empty dictionary."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """An object of the file that was not made; ``name`` says of which class, or by what."""

    name: str


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function that the file names, not imported; ``name`` has its module in it."""

    name: str


class MalformedPickleError(Exception):
    """The stream is damaged, or does what no file of weights has to do."""


class _Mark:
    """Where the arguments of an opcode begin on the stack."""


_MARK = _Mark()


def unpickled(
    content: bytes,
    call: Callable[[str, tuple[Any, ...]], Any],
    persistent: Callable[[Any], Any],
) -> Any:
    """Return what a pickle describes.

    Parameters
    ----------
    content : bytes
        The pickle; `MEMORY_A_BYTE` says how long it may be.
    call : callable
        Given the dotted name of a function and its arguments, makes what the call stands for; an
        `Opaque` if it knows the function not.
    persistent : callable
        Makes what a reference to something outside the pickle stands for.

    Raises
    ------
    MalformedPickleError
        If the opcodes make no sense, or
    ValueError, LookupError, TypeError
        if their arguments do not.
    """
    machine = _Machine(call, persistent)
    with warnings.catch_warnings():
        # Python warns of odd escapes in strings of damaged files.
        warnings.simplefilter("ignore")
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    raise MalformedPickleError("a pickle without an end")


_CONSTANTS = {
    "NONE": None,
    "NEWTRUE": True,
    "NEWFALSE": False,
    "EMPTY_TUPLE": (),
}
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(slots=True)
class _Machine:
    """The stack and the memo of a pickle."""

    call: Callable[[str, tuple[Any, ...]], Any]
    persistent: Callable[[Any], Any]
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise MalformedPickleError("a mark where a value should be")
        return value

    def pop_to_mark(self) -> list[Any]:
        values = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def step(self, opcode: str, argument: Any) -> None:
        """Do what an opcode does."""
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in _TUPLES:
            self.stack.append(tuple([self.pop() for _ in range(_TUPLES[opcode])][::-1]))
        elif opcode in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif opcode in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif opcode not in ("PROTO", "FRAME"):
            self._build(opcode, argument)

    def _build(self, opcode: str, argument: Any) -> None:
        match opcode:
            case "MARK":
                self.stack.append(_MARK)
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "POP":
                self.stack.pop()
            case "POP_MARK":
                self.pop_to_mark()
            case "EMPTY_DICT":
                self.stack.append({})
            case "EMPTY_LIST":
                self.stack.append([])
            case "EMPTY_SET":
                self.stack.append(Opaque("builtins.set"))
            case "DICT":
                values = self.pop_to_mark()
                self.stack.append({})
                self._set(values)
            case "LIST":
                self.stack.append(self.pop_to_mark())
            case "TUPLE":
                self.stack.append(tuple(self.pop_to_mark()))
            case "FROZENSET":
                self.pop_to_mark()
                self.stack.append(Opaque("builtins.frozenset"))
            case "APPEND" | "APPENDS" | "ADDITEMS":
                values = [self.pop()] if opcode == "APPEND" else self.pop_to_mark()
                if isinstance(self.stack[-1], list):
                    self.stack[-1].extend(values)
                elif not isinstance(self.stack[-1], Opaque):
                    raise MalformedPickleError("entries of what is no list")
            case "SETITEM":
                self._set([self.pop(), self.pop()][::-1])
            case "SETITEMS":
                self._set(self.pop_to_mark())
            case _:
                self._make(opcode, argument)

    def _set(self, values: Sequence[Any]) -> None:
        """Put keys and values, in turn, into the dictionary on top of the stack."""
        found = self.stack[-1]
        if isinstance(found, Opaque):
            return
        if not isinstance(found, dict):
            raise MalformedPickleError("entries of what is no dictionary")
        for key, value in zip(values[::2], values[1::2], strict=True):
            # A tuple of tuples of ... would take for ever to hash: only its place is kept.
            found[key if type(key) in (str, int) else Opaque(f"key {len(found)}")] = value

    def _make(self, opcode: str, argument: Any) -> None:
        match opcode:
            case "GLOBAL":
                self.stack.append(Name(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                name, module = self.pop(), self.pop()
                if type(name) is not str or type(module) is not str:
                    raise MalformedPickleError("a name that is no text")
                self.stack.append(Name(f"{module}.{name}"))
            case "BINPERSID":
                identity = self.pop()
                self.stack.append(self.persistent(identity))
            case "REDUCE" | "NEWOBJ":
                arguments, function = self.pop(), self.pop()
                self._call(function, arguments, opcode == "REDUCE")
            case "NEWOBJ_EX":
                _, arguments, function = self.pop(), self.pop(), self.pop()
                self._call(function, arguments, False)
            case "BUILD":
                # The state of an object: of a dictionary of weights, the versions of its modules.
                self.pop()
                if not isinstance(self.stack[-1], (dict, Opaque)):
                    raise MalformedPickleError("the state of what has none")
            case _:
                raise MalformedPickleError(f"the opcode {opcode}, which weights do not need")

    def _call(self, function: Any, arguments: Any, reduce: bool) -> None:
        if not isinstance(function, (Name, Opaque)) or not isinstance(arguments, tuple):
            raise MalformedPickleError("a call of what cannot be called")
        if isinstance(function, Name) and reduce:
            self.stack.append(self.call(function.name, arguments))
        else:
            self.stack.append(Opaque(function.name))
