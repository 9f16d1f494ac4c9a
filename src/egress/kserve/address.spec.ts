import { destinationOf, parseTailUrl } from './address';

describe('the address of a tail', () => {
  it.each([
    ['triton://gpu:8000/face_detection_noisy', { scheme: 'http', tls: false, host: 'gpu', port: 8000 }],
    ['triton://GPU.example/face_detection_noisy', { scheme: 'http', tls: false, host: 'gpu.example', port: 8000 }],
    ['tritons://gpu:443/face_detection_noisy/', { scheme: 'http', tls: true, host: 'gpu', port: 443 }],
    ['triton+grpc://10.0.0.7/face_detection_noisy', { scheme: 'grpc', tls: false, host: '10.0.0.7', port: 8001 }],
    ['tritons+grpc://[::1]:9/face_detection_noisy', { scheme: 'grpc', tls: true, host: '::1', port: 9 }]
  ])('is read of %s', (url, expected) => {
    expect(parseTailUrl(url)).toEqual({ ...expected, model: 'face_detection_noisy', version: null });
  });

  it('names a version', () => {
    expect(parseTailUrl('triton://gpu/face_detection_noisy_alpha_0.8/12')).toMatchObject({
      model: 'face_detection_noisy_alpha_0.8',
      version: '12'
    });
  });

  it.each([
    'gpu:8000/tail',
    'http://gpu:8000/tail',
    'triton://gpu:8000',
    'triton://gpu:8000/',
    'triton:///tail',
    'triton://gpu:0/tail',
    'triton://gpu:99999/tail',
    'triton://gpu/tail/latest',
    'triton://gpu/tail/1/infer',
    'triton://gpu/tail%2finfer',
    'triton://gpu/tail?x=1',
    'triton://gpu/tail#x',
    'triton://g pu/tail',
    ''
  ])('is not read of "%s"', url => {
    expect(() => parseTailUrl(url)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });

  it('never repeats a password', () => {
    expect(() => parseTailUrl('triton://me:s3cret@gpu/tail')).toThrow(/user name or a password/);
    expect(() => parseTailUrl('triton://me:s3cret@gpu/tail')).not.toThrow(/s3cret/);
  });

  it('is said again as a destination', () => {
    expect(destinationOf(parseTailUrl('tritons+grpc://[::1]/tail'))).toBe('tritons+grpc://[::1]:8001');
    expect(destinationOf(parseTailUrl('triton://GPU/tail'))).toBe('triton://gpu:8000');
  });
});
