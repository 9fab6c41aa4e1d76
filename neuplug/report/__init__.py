"""What a run shows of itself: terminal tables, figures, picture grids and the HTML page.

All of it is drawn from the run's results and curves alone. :mod:`~neuplug.report.verdicts` and
:mod:`~neuplug.report.tables` are light; the others load matplotlib, Pillow or Jinja2.
"""
