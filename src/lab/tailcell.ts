import type { JupyterFrontEnd } from '@jupyterlab/application';

/** First line of a cell that obfuscates. */
const NOISY = /^\s*%%veil[ \t]+noisy(?=\s|$)[^\n]*/;
/** Where the first line names a tail. */
const FLAG = /([ \t]--tail(?:[ \t]+|=))(\S+)/;
const STAGE = /^([ \t]*tail[ \t]*:[ \t]*)([^\s#]*)/m;

/** The scheme, host, port and model of a tail, without whatever would not belong into a notebook. */
export const TAIL_PATTERN =
  'tritons?(\\+grpc)?:\\/\\/(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_.\\-]+)(:\\d{1,5})?\\/[A-Za-z0-9_][A-Za-z0-9_.\\-]*(\\/[1-9][0-9]*)?';

export const isTailUrl = (text: string): boolean => text.length <= 512 && new RegExp(`^${TAIL_PATTERN}$`).test(text);

export const tailLine = (url: string): string => `tail: ${url}`;

/**
 * A `%%veil noisy` cell whose tail is this one: in the place where it named another, else in a line of its own after the last.
 * @returns null for any other cell
 */
export function withTail(source: string, url: string): string | null {
  const first = NOISY.exec(source)?.[0];
  if (first === undefined) {
    return null;
  }
  const rest = source.slice(first.length);
  // By functions: a `$` in an address is no reference to a group.
  if (FLAG.test(first)) {
    return first.replace(FLAG, (_, before: string) => before + url) + rest;
  }
  if (STAGE.test(rest)) {
    return first + rest.replace(STAGE, (_, before: string) => `${before.trimEnd()} ${url}`);
  }
  return `${(first + rest).trimEnd()}\n${tailLine(url)}`;
}

/** The cell that a person edits. */
export interface ActiveCell {
  source: string;
  /** The notebook's name. */
  notebook: string;
  /** Where a person may not edit it. */
  readOnly: boolean;
  /** Like typing: it can be undone in the notebook. */
  replace(source: string): void;
}

/** What is used of JupyterLab's notebook, without its package. */
interface NotebookLike {
  activeCell: {
    model: {
      type: string;
      getMetadata(key: string): unknown;
      sharedModel: { getSource(): string; updateSource(start: number, end: number, value: string): void };
    };
  } | null;
  model: { readOnly: boolean } | null;
}

/** Of the notebook in front; a panel beside it may have the focus. */
export function activeCell(shell: Pick<JupyterFrontEnd.IShell, 'currentWidget'>): ActiveCell | null {
  const widget = shell.currentWidget as { title: { label: string }; content?: Partial<NotebookLike> } | null;
  const cell = widget?.content?.activeCell?.model;
  if (!widget || typeof cell?.sharedModel?.getSource !== 'function' || cell.type !== 'code') {
    return null;
  }
  const { sharedModel } = cell;
  const source = sharedModel.getSource();
  return {
    source,
    notebook: widget.title.label,
    readOnly: widget.content?.model?.readOnly === true || cell.getMetadata('editable') === false,
    replace: text => sharedModel.updateSource(0, source.length, text)
  };
}
