"""The style sheet, with @names that theme.py replaces by the colours of its tokens."""

from __future__ import annotations

from typing import Final

STYLE_SHEET: Final = """
* { outline: 0; }
QWidget { color: @text; }
QMainWindow, QDialog { background: @base; }
QDialogButtonBox, QMessageBox { dialogbuttonbox-buttons-have-icons: 0; button-layout: 3; }
QMainWindow::separator { background: @line; width: 1px; height: 1px; margin: 0; }
QMainWindow::separator:hover { background: @accent; }

QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 4px 6px; }

QMenuBar { background: @base; padding: 0 4px; border-bottom: 1px solid @line; }
QMenuBar::item { padding: 5px 8px; background: transparent; border-radius: 3px; }
QMenuBar::item:selected { background: @hover; }
QMenu { background: @raised; border: 1px solid @line; padding: 4px 0; }
QMenu::item { padding: 4px 32px 4px 28px; min-height: 16px; background: transparent; }
QMenu::item:selected { background: @chosen; color: @text; }
QMenu::item:disabled { color: @off; }
QMenu::separator { height: 1px; background: @line; margin: 4px 0; }
QMenu::icon { padding-left: 8px; }
QMenu::indicator { width: 14px; height: 14px; left: 8px; }

QDockWidget { color: @text; titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: @base; padding: 7px 12px; border-bottom: 1px solid @line; }
QDockWidget > QWidget { background: @base; }

QTabBar { background: @base; border: 0; }
QTabBar::tab { background: @base; color: @dim; padding: 5px 12px; border: 0; border-right: 1px solid @line; }
QTabBar::tab:selected { color: @text; background: @raised; }
QTabBar::tab:hover:!selected { background: @hover; }
QTabBar::tab:focus { border-bottom: 2px solid @accent; }
QSplitter::handle { background: @line; }
QSplitter::handle:hover { background: @accent; }
QTabWidget::pane { border: 0; border-top: 1px solid @line; }

QStatusBar { background: @base; border-top: 1px solid @line; }
QStatusBar::item { border: 0; }

QPushButton {
    background: @raised; border: 1px solid @line; border-radius: 4px; padding: 3px 12px; min-height: 18px;
}
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @line; }
QPushButton:checked { background: @chosen; border-color: @accent; }
QPushButton:focus { border: 2px solid @accent; padding: 2px 11px; }
QPushButton:disabled { color: @off; }
QPushButton[primary="true"] { background: @accent; color: @on_accent; border-color: @accent; font-weight: 600; }
QPushButton[primary="true"]:focus { border: 2px solid @text; }
QPushButton[primary="true"]:disabled { background: @raised; color: @off; border-color: @line; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 2px; }
QToolButton:hover { background: @hover; }
QToolButton:pressed { background: @line; }
QToolButton:checked { background: @chosen; }
QToolButton:focus { border: 1px solid @accent; }
QToolButton:disabled { color: @off; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox {
    background: @raised; border: 1px solid @line; border-radius: 3px; padding: 2px 6px; min-height: 18px;
    selection-background-color: @accent; selection-color: @on_accent;
}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
    border: 2px solid @accent; padding: 1px 5px;
}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: @off; }
QAbstractSpinBox QLineEdit { background: transparent; border: 0; padding: 0; min-height: 0; }
QComboBox QAbstractItemView { background: @raised; border: 1px solid @line; selection-background-color: @chosen; }

QListView, QTreeView, QTableView {
    background: @base; border: 0; selection-background-color: @chosen; selection-color: @text;
}
QListView::item, QTreeView::item { min-height: 24px; }
QListView::item:hover, QTreeView::item:hover { background: @hover; }
QListView::item:selected, QTreeView::item:selected { background: @chosen; color: @text; }
QHeaderView::section { background: @base; color: @dim; border: 0; border-bottom: 1px solid @line; padding: 4px 3px; }
QListView[role="pages"]::item { padding: 0 8px; }

QProgressBar { background: @line; border: 0; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: @accent; border-radius: 2px; }

QSlider::groove:horizontal { height: 4px; background: @line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent; border-radius: 2px; }
QSlider::sub-page:horizontal:disabled { background: @line; }
QSlider::handle:horizontal {
    width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; background: @text;
}
QSlider::handle:horizontal:disabled { background: @off; }
QSlider::handle:horizontal:focus { border: 2px solid @accent; width: 8px; height: 8px; }

QScrollArea { background: transparent; border: 0; }
QScrollBar:vertical { background: @base; width: 10px; margin: 0; }
QScrollBar:horizontal { background: @base; height: 10px; margin: 0; }
QScrollBar::handle { background: @chosen; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: @off; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QGroupBox { border: 0; margin-top: 20px; padding: 0; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; top: 2px; }

QLabel { background: transparent; }
QLabel[role="dim"], QCheckBox[role="dim"] { color: @dim; }
QLabel[role="title"] { font-size: 11pt; font-weight: 600; }
QLabel[role="hero"] { font-size: 18pt; font-weight: 300; }
QLabel[role="small"] { color: @dim; font-size: 8pt; }
QFrame[role="line"] { background: @line; border: 0; max-height: 1px; min-height: 1px; }
QFrame[role="vertical line"] { background: @line; border: 0; max-width: 1px; min-width: 1px; }
QFrame[role="notice"] { background: @raised; border: 0; border-bottom: 1px solid @line; }
QFrame[role="card"] { background: @raised; border: 1px solid @line; border-radius: 6px; }
QWidget[role="bar"] { background: @base; border: 0; border-bottom: 1px solid @line; }
QWidget[role="toolbox"] { background: @base; border: 0; border-right: 1px solid @line; }
QToolButton[role="tile"] { background: @raised; border: 1px solid @line; border-radius: 8px; padding: 16px; }
QToolButton[role="tile"]:hover { background: @hover; }
QToolButton[role="tile"]:focus { border: 2px solid @accent; padding: 15px; }
QToolButton[role="link"] { color: @text; padding: 2px 4px; }
"""
