"""Text to prompts: chat template, thought markers, and a codec in which user text can never become a control token.

In: reading a model folder's tokenizer, rendering its template in a sandbox, how thoughts are marked. Not in: engines,
budgets, answers, what llama.cpp reads out of a GGUF file (that comes in as a Vocabulary). tokenizers and jinja2 are
imported when a tokenizer is loaded.
Invariant (the user-text law): the ids of user text contain no added token, special or not.
"""

from edgereason.prompting.files import has_tokenizer, read_vocabulary
from edgereason.prompting.tokenizer import PromptOptions, Tokenizer, load_tokenizer

__all__ = ["PromptOptions", "Tokenizer", "has_tokenizer", "load_tokenizer", "read_vocabulary"]
