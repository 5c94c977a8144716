"""An editor of a few lines, that talks to the server as any would: over its stdin and stdout."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

Answer = TypeVar("Answer")
_PATIENCE = 60  # seconds that one answer may take


class Editor:
    def __init__(self, client: LanguageClient, root: Path) -> None:
        self._client, self._root = client, root
        self._shown: dict[str, asyncio.Queue[types.PublishDiagnosticsParams]] = {}
        self._versions: dict[str, int] = {}

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self._queue(params.uri).put_nowait(params)

    async def open(self, name: str) -> list[types.Diagnostic]:
        text = (self._root / name).read_text("utf-8")
        item = types.TextDocumentItem(self.uri(name), types.LanguageKind.Python, self._next(name), text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.shown(name)

    async def type(self, name: str, text: str) -> list[types.Diagnostic]:
        document = types.VersionedTextDocumentIdentifier(self._next(name), self.uri(name))
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self._client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))
        return await self.shown(name)

    async def save(self, name: str) -> list[types.Diagnostic]:
        document = types.TextDocumentIdentifier(self.uri(name))
        self._client.text_document_did_save(types.DidSaveTextDocumentParams(document))
        return await self.shown(name)

    async def close(self, name: str) -> list[types.Diagnostic]:
        document = types.TextDocumentIdentifier(self.uri(name))
        self._client.text_document_did_close(types.DidCloseTextDocumentParams(document))
        return await self.shown(name)

    async def configured(self, name: str) -> None:
        event = types.FileEvent((self._root / name).as_uri(), types.FileChangeType.Changed)
        self._client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))

    async def actions(self, name: str, at: types.Diagnostic, only: list[str] | None = None) -> list[types.CodeAction]:
        context = types.CodeActionContext([at], only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(self.uri(name)), at.range, context)
        found = await self._client.text_document_code_action_async(params)
        return [each for each in found or [] if isinstance(each, types.CodeAction)]

    async def hover(self, name: str, line: int, character: int) -> str:
        document = types.TextDocumentIdentifier(self.uri(name))
        found = await self._client.text_document_hover_async(
            types.HoverParams(document, types.Position(line, character))
        )
        return "" if found is None else found.contents.value

    async def shown(self, name: str) -> list[types.Diagnostic]:
        """The findings that the editor shows next."""
        params = await asyncio.wait_for(self._queue(self.uri(name)).get(), _PATIENCE)
        return list(params.diagnostics)

    def uri(self, name: str) -> str:
        return (self._root / name).as_uri()

    def _next(self, name: str) -> int:
        self._versions[name] = self._versions.get(name, 0) + 1
        return self._versions[name]

    def _queue(self, uri: str) -> asyncio.Queue[types.PublishDiagnosticsParams]:
        return self._shown.setdefault(uri, asyncio.Queue())


def edited(root: Path, session: Callable[[Editor], Awaitable[Answer]]) -> Answer:
    """What a session with an editor comes to, the server running below `root`."""

    async def whole() -> Answer:
        client = LanguageClient("test", "1")
        await client.start_io(sys.executable, "-m", "backend_lint", "server")
        try:
            capabilities = types.ClientCapabilities()
            await client.initialize_async(types.InitializeParams(capabilities, root_uri=root.as_uri()))
            client.initialized(types.InitializedParams())
            answer = await session(Editor(client, root))
            await client.shutdown_async(None)
            client.exit(None)
            return answer
        finally:
            await client.stop()

    return asyncio.run(whole())
