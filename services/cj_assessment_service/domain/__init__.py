"""Comparative judgement as pure functions: no I/O, no clock, no hidden randomness.

Items are indices 0..n-1 in the order given; scores are logits, a larger one is better.
Everything random is drawn from the seed passed in, so a rerun gives the same bits.
"""
