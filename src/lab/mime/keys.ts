/**
 * For every control inside a notebook: in command mode the notebook takes arrow keys, Enter and letters for itself,
 * wherever the focus stands, unless the focused element says that its keys are its own.
 */
export const ownKeys = { 'data-lm-suppress-shortcuts': 'true' };
