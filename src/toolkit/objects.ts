/** Objects as kubectl reads them, in a namespace. */
export const wholeObject = (apiVersion: string, kind: string, namespace: string, object: { metadata?: object }): object => ({
  apiVersion,
  kind,
  ...object,
  metadata: { ...object.metadata, namespace }
});
