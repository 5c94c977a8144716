"""From what rules said to what is reported: each problem once, with its state, its identity and its weight.

Takes: findings, the comments and texts of their files, an accepted baseline, all handed in.
Gives: `merge`, `suppress`, `fingerprinted`, `match` and its baseline, `score`, `gate`, in the order in which they run.
Never: parses Python, knows a rule, or reads the clock.
"""
