/** What the first and last bytes of a picture file say, without decoding it. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif';

const MAGIC: readonly [ImageFormat, readonly number[]][] = [
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['gif', [0x47, 0x49, 0x46, 0x38]],
  ['tiff', [0x49, 0x49, 0x2a, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2a]]
];

/** The format by its first bytes. Formats that can name other files or run programs (SVG, PDF) are not among them. */
export function sniff(data: Uint8Array): ImageFormat | undefined {
  if (ascii(data, 0, 4) === 'RIFF' && ascii(data, 8, 4) === 'WEBP') {
    return 'webp';
  }
  return MAGIC.find(([, bytes]) => bytes.every((byte, i) => data[i] === byte))?.[0];
}

/** Whether the file ends where its format says, and where that would be if it says so. */
export function completeBytes(data: Uint8Array): { complete: boolean; expected?: number } {
  switch (sniff(data)) {
    case 'jpeg':
      return { complete: data.lastIndexOf(0xd9) > 0 && data[data.lastIndexOf(0xd9) - 1] === 0xff };
    case 'png':
      return { complete: Buffer.from(data.buffer, data.byteOffset, data.length).includes('IEND') };
    case 'gif':
      return { complete: data.at(-1) === 0x3b };
    case 'webp': {
      const expected = data.length < 8 ? undefined : 8 + new DataView(data.buffer, data.byteOffset).getUint32(4, true);
      return { complete: expected !== undefined && data.length >= expected, expected };
    }
    default:
      return { complete: true };
  }
}

function ascii(data: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...data.subarray(at, at + length));
}
