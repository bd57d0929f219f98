"""The time series task: clock, panel, windows, nets, intervals, forecasts and backtests."""
