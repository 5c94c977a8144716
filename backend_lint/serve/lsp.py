"""A language server over stdio.

A buffer is linted with the project around it whenever it is opened or saved, as the command line would; while it is
typed in, only the rules that read one file run anew, and what the whole project says stays where its lines stay.
Source: the language server protocol 3.17, https://microsoft.github.io/language-server-protocol/
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from backend_lint import __version__
from backend_lint.core import BackendLintError, Finding, Place, RuleInfo, Safety, Severity, State, Step
from backend_lint.engine.packs import rule_infos
from backend_lint.report import split_lines
from backend_lint.serve.linted import linted

FIX_ALL = "source.fixAll.backend-lint"
_SETTLING = 0.25  # seconds without a key press before a buffer is looked at
_NAME = "backend-lint"
_CONFIGURATIONS = "**/{pyproject,backend-lint}.toml"
_IGNORE = re.compile(r"#\s*backend-lint:\s*(?:file-)?ignore\s*\[(?P<words>[^\[\]]*)\]")
_SEVERITIES = {
    Severity.CRITICAL: types.DiagnosticSeverity.Error,
    Severity.HIGH: types.DiagnosticSeverity.Error,
    Severity.MEDIUM: types.DiagnosticSeverity.Warning,
    Severity.LOW: types.DiagnosticSeverity.Information,
    Severity.INFO: types.DiagnosticSeverity.Hint,
}

_log = logging.getLogger(__name__)


class Known(msgspec.Struct):
    """What was found in a buffer, when it had this text; `root` is what the paths of findings count from."""

    text: str
    root: Path
    findings: list[Finding]


class Server(LanguageServer):
    """Knows the findings of every open buffer, and looks at one thing at a time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(_NAME, __version__)
        self.environ = environ
        self.known: dict[str, Known] = {}
        self._busy = asyncio.Lock()
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def soon(self, uri: str, *, is_whole: bool) -> None:
        """Look at a buffer in a moment, instead of at what was to be looked at there before."""
        if uri in self._waiting:
            self._waiting[uri].cancel()
        self._waiting[uri] = asyncio.ensure_future(self._look(uri, is_whole=is_whole))

    def forget(self, uri: str) -> None:
        if uri in self._waiting:
            self._waiting.pop(uri).cancel()
        self.known.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    async def _look(self, uri: str, *, is_whole: bool) -> None:
        if not is_whole:
            await asyncio.sleep(_SETTLING)
        document = self.workspace.get_text_document(uri)
        path = file_of(document)
        if path is None:
            return
        version, text = document.version, document.source
        buffers = {known: each.source for each in self.workspace.text_documents.values() if (known := file_of(each))}
        try:
            async with self._busy:
                found = await asyncio.to_thread(self._findings, path, buffers, is_whole=is_whole)
        except BackendLintError as error:
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, str(error)))
            return
        except Exception:
            _log.exception("%s could not be linted", path)
            return
        if document.version != version:
            return
        if not is_whole and uri in self.known:
            before = self.known[uri]
            of_one_file = one_file_rules()
            of_project = [each for each in before.findings if each.code not in of_one_file]
            found.findings += kept(of_project, before.text, text)
        self.known[uri] = msgspec.structs.replace(found, text=text)
        published = [diagnostic(each, document, found.root) for each in found.findings]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, published, version))

    def _findings(self, path: Path, buffers: Mapping[Path, str], *, is_whole: bool) -> Known:
        overlay = {each: text.encode("utf-8", "surrogateescape") for each, text in buffers.items()}
        flags = {} if is_whole else {"select": ["scope:file"]}
        for each in linted([path], path.parent, self.environ, flags=flags, overlay=overlay):
            own = [found for found in each.report.active if each.path(found) == path]
            if path.is_relative_to(each.config.root):
                return Known(buffers[path], each.config.root, own)
        return Known(buffers[path], path.parent, [])


def server(environ: Mapping[str, str] | None = None) -> Server:
    """A server that is ready to be started."""
    made = Server(os.environ if environ is None else environ)

    @made.feature(types.INITIALIZED)
    async def initialized(ls: Server, params: types.InitializedParams) -> None:
        watched = ls.client_capabilities.workspace and ls.client_capabilities.workspace.did_change_watched_files
        if watched and watched.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(_CONFIGURATIONS)])
            what = types.Registration("configurations", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            await ls.client_register_capability_async(types.RegistrationParams([what]))

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
        ls.soon(params.text_document.uri, is_whole=True)

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
        ls.soon(params.text_document.uri, is_whole=False)

    @made.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
        for uri in ls.known.keys() | {params.text_document.uri}:
            ls.soon(uri, is_whole=True)

    @made.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
        ls.forget(params.text_document.uri)

    @made.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def configured(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
        for uri in list(ls.workspace.text_documents):
            ls.soon(uri, is_whole=True)

    @made.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(
            code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll, FIX_ALL]
        ),
    )
    def actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
        known = ls.known.get(params.text_document.uri)
        document = ls.workspace.get_text_document(params.text_document.uri)
        if known is None or known.text != document.source:
            return []
        wanted = params.context.only
        return [each for each in _actions(known.findings, document, params, known.root) if _is_wanted(each, wanted)]

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
        document = ls.workspace.get_text_document(params.text_document.uri)
        at = document.position_codec.position_from_client_units(split_lines(document.source), params.position)
        rule = _ignored_rule(document, at.line, at.character)
        if rule is None:
            return None
        page = f"**{rule.code} {rule.name}** ({rule.guideline}, {rule.severity.value})\n\n{rule.title}\n\n{rule.doc}"
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, page))

    return made


def file_of(document: TextDocument) -> Path | None:
    """The file that a buffer stands for; a buffer of an editor alone stands for none."""
    return Path(document.path) if urlsplit(document.uri).scheme == "file" else None


def kept(findings: Iterable[Finding], before: str, after: str) -> list[Finding]:
    """Findings of a text as they stand in the next one: those whose lines are still there, where those are now."""
    blocks = SequenceMatcher(None, split_lines(before), split_lines(after), autojunk=False).get_matching_blocks()
    return [
        msgspec.structs.replace(finding, at=_moved(finding.at, block.b - block.a), fix=None)
        for finding in findings
        for block in blocks
        if block.a < finding.at.line and finding.at.end_line <= block.a + block.size
    ]


def diagnostic(finding: Finding, document: TextDocument, root: Path) -> types.Diagnostic:
    return types.Diagnostic(
        range=_range(finding.at, document),
        message=f"{finding.message}\n{finding.help}",
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source=_NAME,
        related_information=list(_related(finding, document, root)),
        data=finding.fingerprint,
    )


def one_file_rules() -> frozenset[str]:
    return frozenset(rule.code for rule in rule_infos() if rule.scope == "file")


def _moved(place: Place, by: int) -> Place:
    return msgspec.structs.replace(place, line=place.line + by, end_line=place.end_line + by)


def _range(place: Place, document: TextDocument) -> types.Range:
    """A place in the units that the client counts in."""
    first = types.Position(place.line - 1, place.column - 1)
    last = types.Position(place.end_line - 1, place.end_column - 1)
    return document.position_codec.range_to_client_units(split_lines(document.source), types.Range(first, last))


def _related(finding: Finding, document: TextDocument, root: Path) -> Iterator[types.DiagnosticRelatedInformation]:
    """Steps in other files are counted in code points: their text is not at hand, and a line is enough to go there."""
    for step in (*finding.trace, *finding.related):
        path = root / step.at.path
        uri = document.uri if path == file_of(document) else path.as_uri()
        span = _range(step.at, document) if uri == document.uri else _line(step)
        yield types.DiagnosticRelatedInformation(types.Location(uri, span), step.note)


def _line(step: Step) -> types.Range:
    return types.Range(types.Position(step.at.line - 1, 0), types.Position(step.at.line, 0))


def _actions(
    findings: Iterable[Finding], document: TextDocument, params: types.CodeActionParams, root: Path
) -> Iterator[types.CodeAction]:
    path = file_of(document)
    near = {each.data for each in params.context.diagnostics if each.source == _NAME}
    safe: list[types.TextEdit] = []
    for finding in findings:
        edits = _edits(finding, document, path, root)
        if edits and finding.fix is not None and finding.fix.safety is Safety.SAFE:
            safe += [each for each in edits if not any(_overlap(each.range, other.range) for other in safe)]
        if finding.fingerprint in near:
            shown = diagnostic(finding, document, root)
            if edits and finding.fix is not None:
                is_safe = finding.fix.safety is Safety.SAFE
                title = f"{finding.code}: fix it" if is_safe else f"{finding.code}: fix it (may change what it does)"
                yield _action(title, types.CodeActionKind.QuickFix, document, edits, shown, is_preferred=is_safe)
            silence = _silenced(finding, document)
            yield _action(f"{finding.code}: ignore it here", types.CodeActionKind.QuickFix, document, [silence], shown)
    if safe:
        yield _action("Fix all that is safe", FIX_ALL, document, safe, None)


def _action(
    title: str,
    kind: str,
    document: TextDocument,
    edits: list[types.TextEdit],
    shown: types.Diagnostic | None,
    *,
    is_preferred: bool = False,
) -> types.CodeAction:
    return types.CodeAction(
        title,
        kind=kind,
        diagnostics=None if shown is None else [shown],
        is_preferred=is_preferred or None,
        edit=types.WorkspaceEdit(changes={document.uri: edits}),
    )


def _is_wanted(action: types.CodeAction, only: Iterable[str] | None) -> bool:
    """Whether a client that asks for some kinds only asks for this one: a kind includes those below it."""
    kind = str(getattr(action.kind, "value", action.kind))
    wanted = None if only is None else [str(getattr(each, "value", each)) for each in only]
    if wanted is None:
        return kind != FIX_ALL
    return any(kind == each or kind.startswith(f"{each}.") for each in wanted)


def _edits(finding: Finding, document: TextDocument, path: Path | None, root: Path) -> list[types.TextEdit]:
    """The edits of a fix that lies wholly in the document; none where it would change another file as well."""
    if finding.fix is None or finding.fix.safety is Safety.DISPLAY or finding.state is not State.ACTIVE:
        return []
    if any(root / edit.path != path for edit in finding.fix.edits):
        return []
    starts = [0]
    for line in split_lines(document.source):
        starts.append(starts[-1] + len(line))
    return [
        types.TextEdit(_range(_place(edit.path, edit.start, edit.end, starts), document), edit.text)
        for edit in finding.fix.edits
    ]


def _place(path: str, start: int, end: int, starts: list[int]) -> Place:
    first, last = bisect_right(starts, start), bisect_right(starts, end)
    return Place(path, first, start - starts[first - 1] + 1, last, end - starts[last - 1] + 1)


def _silenced(finding: Finding, document: TextDocument) -> types.TextEdit:
    """A comment at the end of the finding's last line, its reason left to be filled in."""
    lines = split_lines(document.source)
    line = lines[finding.at.end_line - 1].rstrip("\r\n")
    at = Place(finding.at.path, finding.at.end_line, len(line) + 1, finding.at.end_line, len(line) + 1)
    return types.TextEdit(_range(at, document), f"  # backend-lint: ignore[{finding.code}] -- ")


def _overlap(one: types.Range, other: types.Range) -> bool:
    first, second = sorted((one, other), key=lambda each: (each.start.line, each.start.character))
    return (second.start.line, second.start.character) < (first.end.line, first.end.character) or one == other


def _ignored_rule(document: TextDocument, line_number: int, column: int) -> RuleInfo | None:
    """The rule whose code or name stands under the cursor in a comment that asks for silence."""
    lines = split_lines(document.source)
    line = lines[line_number] if line_number < len(lines) else ""
    for comment in _IGNORE.finditer(line):
        for word in re.finditer(r"[^\s,]+", comment["words"]):
            first = comment.start("words") + word.start()
            if first <= column <= first + len(word[0]):
                return next((rule for rule in rule_infos() if word[0] in {rule.code, rule.name}), None)
    return None
