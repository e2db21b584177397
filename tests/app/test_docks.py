"""The panels round the picture."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QTabBar


def test_every_tab_bar_that_shows_is_the_head_of_a_panel(studio):
    studio.show_pixels(np.full((40, 60, 4), 255, np.uint8))
    studio.window.resize(1280, 720)
    for _ in range(2):
        studio.window.toggle_panels()
    docks = [dock for dock in studio.window.findChildren(QDockWidget) if dock.isVisible()]
    direct = Qt.FindChildOption.FindDirectChildrenOnly

    def strays():
        bars = [bar for bar in studio.window.findChildren(QTabBar, options=direct) if bar.isVisible()]
        heads = {(dock.x(), dock.y()) for dock in docks}
        return [bar for bar in bars if (bar.x(), bar.geometry().bottom() + 1) not in heads]

    studio.wait(lambda: not strays())
    texts = {bar.tabText(0) for bar in studio.window.findChildren(QTabBar, options=direct) if bar.isVisible()}
    assert texts == {"Layers", "Filter"}
