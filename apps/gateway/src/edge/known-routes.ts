import { Problem } from '#libs/domain';

/** Which methods each path takes, so that what no route answers is told apart: 404, 405 with `Allow`, 501. */
export interface KnownRoutes {
  add(method: string | readonly string[], pattern: string): void;
  /** The refusal for a request that no route took. Source: API.md section 2, rows 405 and unknown verbs. */
  refusal(method: string, path: string): Problem;
}

const commonMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

export function knownRoutes(): KnownRoutes {
  const routes = new Map<string, { form: RegExp; methods: Set<string> }>();
  return {
    add(method, pattern) {
      const route = routes.get(pattern) ?? { form: formOf(pattern), methods: new Set<string>() };
      for (const each of [method].flat()) route.methods.add(each);
      routes.set(pattern, route);
    },
    refusal(method, path) {
      const fitting = [...routes].filter(([, { form }]) => form.test(decoded(path)));
      const literal = fitting.filter(([pattern]) => !pattern.includes(':'));
      // A path that is a route by itself is not a value of another's parameter.
      const methods = (literal.length > 0 ? literal : fitting).flatMap(([, route]) => [...route.methods]);
      if (methods.length > 0) return new Problem('MethodNotAllowed', { method, allowed: [...new Set(methods)].join(', ') });
      return commonMethods.has(method) ? new Problem('RouteNotFound', { path }) : new Problem('MethodUnknown', { method });
    },
  };
}

/** By its segments, so that an encoded slash divides none. */
const decoded = (path: string): string => path.split('/').map((part) => {
  try {
    return decodeURIComponent(part).replaceAll('/', '%2F');
  } catch {
    return part;
  }
}).join('/');

const formOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`);
