"""The vocabularies of records, decisions and artifacts (docs policy)."""

from typing import Literal

Underlying = Literal["NIFTY50", "BANKNIFTY", "SENSEX"]
SessionSlot = Literal["OPEN", "MIDDAY", "CLOSE"]
Bias = Literal["BULLISH", "BEARISH", "NEUTRAL"]
Action = Literal["BUY_CALL", "BUY_PUT", "NO_TRADE"]
Level = Literal["HIGH", "MEDIUM", "LOW"]
Regime = Literal["TREND", "MEAN_REVERSION", "NEUTRAL"]
Gate = Literal["EVENT_BLOCK", "PORTFOLIO_BLOCK", "PASS"]
StrikeZone = Literal["NONE", "OTM_1", "ATM"]

ACTIONS: tuple[Action, ...] = ("BUY_CALL", "BUY_PUT", "NO_TRADE")
