# ctl: nothing yet
