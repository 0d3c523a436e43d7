"""Text to prompts: chat template, thought markers, and a codec in which user text can never become a control token.

In: reading a model folder's tokenizer, rendering its template in a sandbox, marker sequences, splitting a reply into
thought and answer. Not in: engines, budgets, answers. tokenizers and jinja2 are imported when a tokenizer is loaded.
Invariant (the user-text law): the ids of user text contain no added token, special or not.
"""

from edgereason.prompting.thoughts import split_reasoning
from edgereason.prompting.tokenizer import Tokenizer, load_tokenizer

__all__ = ["Tokenizer", "load_tokenizer", "split_reasoning"]
