"""Which public names a piece of code uses: seen while it runs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import CodeType, ModuleType
from typing import Any, TypeVar

T = TypeVar("T")


class Watch(ast.NodeTransformer):
    """Compiles code so that it tells which public names it uses when it runs.

    A name is used where its value is taken, or where a class or a hook of the code implements it.
    An import, an annotation, a comment or a line that is not reached is no use. ``x.sample(3)``
    uses the ``sample`` of the class of ``x``, and no other; an attribute of an instance also uses
    its class.

    Args:
        public: Names to what they are.

    Attributes:
        used: Names, those among them that are not public too.
        globals: What the compiled code needs among its globals.
    """

    def __init__(self, public: Mapping[str, object]) -> None:
        self.used: set[str] = set()
        self.globals = {"_taken": self._taken, "_part": self._part, "_made": self._made}
        self._names = {id(thing): name for name, thing in public.items() if callable(thing)}

    def compile(
        self, source: str, filename: str, mode: str, flags: int = 0, dont_inherit: bool = True
    ) -> CodeType:
        """The same as Python's own."""
        tree = compile(source, filename, mode, flags | ast.PyCF_ONLY_AST, dont_inherit)
        watched = ast.fix_missing_locations(self.visit(tree))
        code: CodeType = compile(watched, filename, mode, flags, dont_inherit)
        return code

    # What the compiled code calls.

    def _taken(self, value: T) -> T:
        if (name := self._names.get(id(value))) is not None:
            self.used.add(name)
        return value

    def _part(self, whole: Any, part: str) -> Any:
        value = getattr(whole, part)
        if isinstance(whole, ModuleType):
            self.used.add(f"{whole.__name__}.{part}")
        else:
            if not isinstance(whole, type):
                self._taken(type(whole))
            self._inherited(whole if isinstance(whole, type) else type(whole), part)
        return self._taken(value)

    def _made(self, thing: T) -> T:
        if isinstance(thing, type):
            for part in vars(thing):
                self._inherited(thing, part)
        elif hasattr(thing, "neuplug_impl"):  # pluggy's mark
            self.used.add(f"neuplug.plugins.hookspecs.HookSpecs.{getattr(thing, '__name__', '')}")
        return thing

    def _inherited(self, cls: type, part: str) -> None:
        """The part, of every public class that has it."""
        for base in cls.__mro__:
            if part in vars(base) and (owner := self._names.get(id(base))) is not None:
                self.used.add(f"{owner}.{part}")

    # What becomes of the code.

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """``x`` to ``_taken(x)``."""
        if not isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(_call("_taken", node), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """``x.y`` to ``_part(x, "y")``."""
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(_call("_part", node.value, ast.Constant(node.attr)), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """With ``@_made`` above all other decorators."""
        self.generic_visit(node)
        node.decorator_list.insert(0, ast.Name("_made", ast.Load()))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Likewise; annotations are left alone."""
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        node.decorator_list.insert(0, ast.Name("_made", ast.Load()))
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Of an argument there is but the annotation."""
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        """Only the value runs."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
