"""The tasks' colours, the same wherever a task is shown; and the page's, as a notebook's theme names them."""

from __future__ import annotations

LIGHT = ("#3b6fb6", "#c8553d", "#2f8f6b", "#8a5fb0", "#b08a2f", "#3d98a8", "#a8487c", "#6b7a2f")
DARK = ("#7fb0ee", "#f09a86", "#6fcfa8", "#c6a3e8", "#dcbb6a", "#74c9d8", "#e08ab8", "#b3c26f")

# JupyterLab's variables, then VS Code's, then plain colours of a light page
INK = "var(--jp-ui-font-color1, var(--vscode-editor-foreground, #333333))"
DIM = "var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #737373))"
GROUND = "var(--jp-layout-color1, var(--vscode-editor-background, #ffffff))"
RAISED = "var(--jp-layout-color2, var(--vscode-editorWidget-background, #f0f0f0))"
LINE = "var(--jp-border-color1, var(--vscode-widget-border, #bdbdbd))"
FAINT = "var(--jp-border-color2, var(--vscode-widget-border, #e0e0e0))"


def colour(index: int) -> str:
    """The colour of the task of that index."""
    return LIGHT[index % len(LIGHT)]
