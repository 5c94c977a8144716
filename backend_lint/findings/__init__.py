"""From what rules said to what is reported: each problem once, with its state, its identity and its weight.

Takes: findings, the comments and texts of their files, an accepted baseline, all handed in.
Gives: `merge`, `suppress`, `fingerprint`, `baseline`, `score` and `gate`: a module a step, in the order they are taken.
Never: parses Python, knows a rule, or reads the clock.
"""
