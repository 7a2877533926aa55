"""``nbtrack ui``: a store as a web page of nbtrack's own widgets, served on this machine by Voilà.

``server`` is the process that the command starts; ``page`` is what the kernel behind each visitor runs. Both are small:
Voilà brings the kernels, the connection and the widgets' front end. ``templates`` is the page around the widgets.
"""
