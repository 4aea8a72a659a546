"""Two themes of our own, one dark and one light: calm surfaces, four meaningful colours, text of good contrast."""

from __future__ import annotations

import os
from pathlib import Path

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="devconsole-dark",
    primary="#6cb2f5",
    secondary="#9aa8ba",
    accent="#b79cf0",
    foreground="#d7dde5",
    background="#0f1318",
    surface="#141a21",
    panel="#1e2731",
    success="#62c58b",
    warning="#e3b155",
    error="#f0737d",
    dark=True,
    variables={
        "text-primary": "#6cb2f5",
        "text-success": "#62c58b",
        "text-warning": "#e3b155",
        "text-error": "#f0737d",
        "text-accent": "#b79cf0",
        "text-muted": "#8793a3",
        "border": "#3f5f80",
        "border-blurred": "#2a3541",
        "block-cursor-background": "#6cb2f5",
        "block-cursor-foreground": "#0f1318",
        "block-cursor-text-style": "none",
        "block-hover-background": "#24384d",
        "footer-background": "#141a21",
        "footer-key-foreground": "#6cb2f5",
        "scrollbar": "#34414f",
        "scrollbar-background": "#141a21",
        "scrollbar-hover": "#45566a",
        "scrollbar-active": "#6cb2f5",
    },
)

LIGHT = Theme(
    name="devconsole-light",
    primary="#1257a8",
    secondary="#52606f",
    accent="#6b3fb0",
    foreground="#1e252d",
    background="#f6f4ef",
    surface="#fcfbf8",
    panel="#e9e5dc",
    success="#17703d",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
    variables={
        "text-primary": "#1257a8",
        "text-success": "#17703d",
        "text-warning": "#8a5a00",
        "text-error": "#b3261e",
        "text-accent": "#6b3fb0",
        "text-muted": "#5b6672",
        "border": "#7f9cc0",
        "border-blurred": "#d3cdc0",
        "block-cursor-background": "#1257a8",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-hover-background": "#d5e3f4",
        "footer-background": "#ece8df",
        "footer-key-foreground": "#1257a8",
        "scrollbar": "#c9c2b3",
        "scrollbar-background": "#f1eee7",
        "scrollbar-hover": "#a9a190",
        "scrollbar-active": "#1257a8",
    },
)

OURS = (DARK, LIGHT)


def remembered(file: Path | None) -> str:
    """The theme to start with: the one chosen last, else Textual's own variable `TEXTUAL_THEME`, else the dark one."""
    try:
        chosen = file.read_text(encoding="utf-8").strip() if file is not None else ""
    except OSError:
        chosen = ""
    known = {*BUILTIN_THEMES, *(theme.name for theme in OURS)}
    return next((name for name in (chosen, os.environ.get("TEXTUAL_THEME")) if name in known), DARK.name)


def remember(file: Path, name: str) -> None:
    """Keep the choice for the next start; a home that cannot be written to loses nothing but that."""
    try:
        file.write_text(f"{name}\n", encoding="utf-8")
    except OSError:
        return
