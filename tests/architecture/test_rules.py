"""Small rules that a reviewer would otherwise have to repeat."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator

from tests.architecture.source import Module, imports, modules

#: Modules that can run code from data, and functions that do.
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "code", "imp"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"}

#: Loaders that are safe only with an argument that says so.
GUARDED_LOADERS = {
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "np.save": ("allow_pickle", False),
    "torch.load": ("weights_only", True),
}

BROAD = {"Exception", "BaseException"}


def offences(find: Callable[[ast.AST], str | None], *tops: str) -> list[str]:
    return [
        f"{module.place}:{getattr(node, 'lineno', 0)} {found}"
        for module in modules(*tops)
        for node in ast.walk(module.tree)
        if (found := find(node))
    ]


def comments(module: Module) -> Iterator[tuple[int, str]]:
    source = io.StringIO(module.path.read_text(encoding="utf-8"))
    return (
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(source.readline)
        if token.type == tokenize.COMMENT
    )


def test_nothing_is_left_to_be_done() -> None:
    unfinished = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    found = [
        f"{module.place}:{line} {comment}"
        for module in modules() + modules("tests")
        for line, comment in comments(module)
        if unfinished.search(comment)
    ]
    assert found == []


def test_no_function_is_a_stub() -> None:
    def find(node: ast.AST) -> str | None:
        if isinstance(node, ast.Raise) and node.exc is not None and "NotImplementedError" in ast.unparse(node.exc):
            return "raises NotImplementedError"
        return None

    assert offences(find) == []


def test_no_exception_is_swallowed() -> None:
    def find(node: ast.AST) -> str | None:
        if isinstance(node, ast.ExceptHandler):
            return _swallows(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            broad = BROAD & {ast.unparse(argument) for argument in node.args}
            return "suppresses everything" if broad else None
        return None

    assert offences(find) == []


def _swallows(handler: ast.ExceptHandler) -> str | None:
    if handler.type is None:
        return "catches without naming a class"
    if all(isinstance(statement, ast.Pass) or _is_ellipsis(statement) for statement in handler.body):
        return "does nothing about an exception; use contextlib.suppress if that is right"
    if BROAD & {ast.unparse(handler.type)} and not _acts(handler):
        return "catches everything and neither raises nor uses it"
    return None


def _is_ellipsis(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and statement.value.value is ...
    )


def _acts(handler: ast.ExceptHandler) -> bool:
    """Whether it raises again, hands the exception on, or logs it."""
    for node in ast.walk(handler):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Name) and node.id == handler.name):
            return True
        if isinstance(node, ast.Attribute) and node.attr in ("exception", "error"):
            return True
    return False


def test_no_data_is_ever_run() -> None:
    def find(node: ast.AST) -> str | None:
        if not isinstance(node, ast.Call):
            return None
        name = ast.unparse(node.func)
        if name in FORBIDDEN_CALLS:
            return f"calls {name}"
        arguments = {keyword.arg: keyword.value for keyword in node.keywords}
        for word in ("trust_remote_code", "shell"):
            if word in arguments and not _is_literal(arguments[word], value=False):
                return f"sets {word}"
        if name in GUARDED_LOADERS:
            word, value = GUARDED_LOADERS[name]
            if word not in arguments or not _is_literal(arguments[word], value=value):
                return f"calls {name} without {word}={value}"
        return None

    assert offences(find) == []
    imported = [
        f"{module.place}:{found.line} imports {found.target}"
        for module in modules()
        for found in imports(module)
        if found.target.split(".")[0] in FORBIDDEN_MODULES
    ]
    assert imported == []


def _is_literal(node: ast.expr, *, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


#: The one module that works when it is loaded, and must: it keeps libraries from reporting to their makers.
QUIET = "shared/quiet.py"


def test_only_settings_read_the_environment() -> None:
    def find(node: ast.AST) -> str | None:
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"):
            return f"reads {ast.unparse(node)}"
        return None

    allowed = ("settings.py:", f"{QUIET}:")
    assert [entry for entry in offences(find) if not any(place in entry for place in allowed)] == []


def test_loading_a_module_does_no_work() -> None:
    """Only definitions at the top: no call whose result is thrown away, no loop, no context, no catching."""
    working = [
        f"{module.place}:{node.lineno}"
        for module in modules()
        if module.name != "shared.storage.migrations.env"  # run by alembic, never imported
        and module.place != QUIET
        for node in module.tree.body
        if (isinstance(node, _STATEMENTS) and not _is_harmless(node))
        or (isinstance(node, ast.If) and not _is_guard(node))
    ]
    assert working == []


_STATEMENTS = (ast.Expr, ast.For, ast.While, ast.With, ast.Try, ast.Delete, ast.Assert)


def _is_harmless(node: ast.stmt) -> bool:
    """A docstring, of the module or below a constant; or what a forked child has to do, which is registered once."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func) == "os.register_at_fork"
    return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_guard(node: ast.If) -> bool:
    test = ast.unparse(node.test)
    return test.endswith("TYPE_CHECKING") or test.startswith(("__name__ ==", "sys.platform", "sys.version_info"))
