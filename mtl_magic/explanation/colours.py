"""The tasks' colours, the same wherever a task is shown; and the page's, as a notebook's theme names them."""

from __future__ import annotations

# Chosen by search: as far apart as hues near blue, red, green and violet allow in all three kinds of colour blindness,
# the first four most, and of a contrast of 3 to a light and 4.5 to a dark page (tests/explanation/test_colours.py).
LIGHT = ("#6f86da", "#b5493f", "#3fa57f", "#6c448d", "#b28c2f", "#287f91", "#a44377", "#656f07")
DARK = ("#9dc0f7", "#e58e7b", "#82e6c2", "#827ed7", "#d2b159", "#6dbbc8", "#d381a6", "#c3d484")

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
