"""The browser of the tests: one of the system, driven by Playwright.

Where there is none the tests that need one are skipped on a person's machine, and fail where `CI` or
`MTL_MAGIC_NEED_BROWSER` is set: there a browser that is missing must be noticed.
"""

import contextlib
import os
import pathlib
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
SCREENSHOTS = pathlib.Path(__file__).parents[1] / "build" / "screenshots"


def executable():
    """The path of a browser: MTL_MAGIC_BROWSER, or what is found; None."""
    return os.environ.get("MTL_MAGIC_BROWSER") or next((path for name in NAMES if (path := shutil.which(name))), None)


def needed():
    return any(os.environ.get(name, "") not in ("", "0", "false") for name in ("CI", "MTL_MAGIC_NEED_BROWSER"))


def missing(why):
    """Skips the test, or fails it where a browser is needed."""
    if needed():
        pytest.fail(f"{why}, and here it is needed")
    pytest.skip(why)


@contextlib.contextmanager
def launched():
    """A running browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed")
    path = executable()
    if path is None:
        missing(f"there is no browser: none of {', '.join(NAMES)} on PATH, and MTL_MAGIC_BROWSER is not set")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def screenshot(page, name):
    """Keeps a picture to be looked at: build/screenshots/NAME.png."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=str(path), full_page=True, timeout=30_000)
    return path
