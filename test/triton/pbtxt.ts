/** A message in protobuf's text format: every field may come again, so each has a list. */
export interface Message {
  [field: string]: Value[];
}
export type Value = string | number | boolean | Message;

const TOKEN = /\s*(?:#[^\n]*\n\s*)*("(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"#]+)/y;

/** Read what config.pbtxt files are written in. @throws Error where the text is none */
export function readPbtxt(text: string): Message {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) {
    tokens.push(found[1]);
  }
  const reader = { tokens, at: 0 };
  const message = readFields(reader, undefined);
  return message;
}

interface Reader {
  tokens: readonly string[];
  at: number;
}

function readFields(reader: Reader, end: string | undefined): Message {
  const message: Message = {};
  for (let name = reader.tokens[reader.at++]; name !== end; name = reader.tokens[reader.at++]) {
    if (!name || !/^\w+$/.test(name)) {
      throw new Error(`${name} where a field's name is due`);
    }
    const isMarked = reader.tokens[reader.at] === ':';
    reader.at += isMarked ? 1 : 0;
    message[name] = [...(message[name] ?? []), ...readValues(reader)];
  }
  return message;
}

function readValues(reader: Reader): Value[] {
  if (reader.tokens[reader.at] !== '[') {
    return [readValue(reader)];
  }
  const values: Value[] = [];
  do {
    reader.at++;
    values.push(readValue(reader));
  } while (reader.tokens[reader.at] === ',');
  if (reader.tokens[reader.at++] !== ']') {
    throw new Error('a list does not end');
  }
  return values;
}

function readValue(reader: Reader): Value {
  const token = reader.tokens[reader.at++];
  if (token === '{') {
    return readFields(reader, '}');
  }
  if (token.startsWith('"')) {
    return JSON.parse(token);
  }
  if (token === 'true' || token === 'false') {
    return token === 'true';
  }
  return Number.isNaN(Number(token)) ? token : Number(token);
}

/** `parameters` as a client gets them: key to string. */
export function parametersOf({ parameters = [] }: Message): Record<string, string> {
  return Object.fromEntries(
    (parameters as Message[]).map(({ key, value }) => [key[0], (value[0] as Message).string_value[0] as string])
  );
}
