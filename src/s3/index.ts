/** Copies between a bucket and a folder. Read only by those who have a bucket: its client is large. */
export { getBucket, getObject, putBucket, putObject, type CopyOptions, type S3Progress } from './copy';
export { readCredentials, type Credentials, type Endpoint } from './endpoint';
