"""The same run for programs that ask again and again: an editor, a coding agent.

Takes: paths, and the texts that stand for what is on disk.
Gives: a language server, an MCP server, and answers to the hooks of coding agents.
Never: writes a file; prints to stdout but in the protocol's own form.
"""
