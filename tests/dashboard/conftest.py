import pytest
from board import SITE, opened, serve


@pytest.fixture(scope="session")
def site(browser):
    context = browser.new_context(reduced_motion="reduce", device_scale_factor=1.5)
    context.route(f"{SITE}/**", serve)
    yield context
    context.close()


@pytest.fixture
def open_page(site):
    """Opens the harness; a script error fails the test."""
    pages = []

    def open_page(theme="light", width=920):
        pages.append(opened(site, theme, width))
        return pages[-1]

    yield open_page
    errors = [error for page in pages for error in page.errors]
    for page in pages:
        page.close()
    assert not errors, errors
