import { openTarget, sealTarget, signedHeaders } from './webhooks.js';

const key = 'k'.repeat(32);
const target = { url: 'https://example.org/hook?token=mine', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };

describe('The target of a webhook', () => {
  it('is sealed for one webhook with the key of the operator, and opens for no other', () => {
    const sealed = sealTarget(key, 'one', target);
    expect(sealed).not.toContain('mine');
    expect(openTarget(key, 'one', sealed)).toEqual(target);
    expect([openTarget(key, 'two', sealed), openTarget('another'.repeat(8), 'one', sealed), openTarget(key, 'one', 'nonsense')]).toEqual([undefined, undefined, undefined]);
  });

  it('is told by headers that Standard Webhooks\' own example has', () => {
    expect(signedHeaders(target.secret, { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: new Date(1_614_265_330_000), body: '{"test": 2432232314}' })).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});
