import { errorBody } from './error-body.js';

const formOf = (accept?: string) => errorBody(404, 'Nothing <here>.', accept).contentType.split(';')[0];

describe('the body of a refusal', () => {
  it.each([
    [undefined, 'text/plain'],
    ['', 'text/plain'],
    ['image/png', 'text/plain'],
    ['*/*', 'text/html'],
    ['text/html', 'text/html'],
    ['text/*;q=0.4', 'text/html'],
    ['application/json', 'application/json'],
    ['application/json, text/html', 'text/html'],
    ['application/json, */*;q=0.1', 'application/json'],
    ['application/json;charset=utf-8', 'application/json'],
    ['nonsense', 'text/html'],
    ['application/json;q=bad', 'text/html'],
    ['*/*, application/json', 'text/html'],
    ['text/html;q=0.2, application/json;q=0.9', 'application/json'],
    ['application/json;q=0, */*', 'text/html'],
    ['text/html;q=0, */*', 'application/json'],
  ])('for Accept %p is %s', (accept, expected) => {
    expect(formOf(accept)).toBe(expected);
  });

  it('never lets a client put markup into the page', () => {
    expect(errorBody(404, 'No <script>"x"</script> & more', '*/*').body).toContain('No &lt;script&gt;&quot;x&quot;&lt;/script&gt; &amp; more');
  });

  it('names code and title in JSON as Glance does', () => {
    expect(JSON.parse(errorBody(404, 'Gone away.', 'application/json').body)).toEqual({ message: 'Gone away.', code: '404 Not Found', title: 'Not Found' });
  });
});
