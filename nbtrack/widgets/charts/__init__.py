"""Charts: curves over steps or time, and what metrics have to do with params. Each is a plotly figure and a picture."""
