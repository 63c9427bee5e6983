import { RequestMethod, type Type } from '@nestjs/common';

/** One route as the gateway answers it; its path as in OpenAPI, with names in braces. */
export interface Route { readonly method: string; readonly path: string }

/** The routes of controllers, as their decorators say. What answers every method is told of as GET. */
export function routesOf(controllers: readonly Type[]): Route[] {
  return controllers.flatMap((controller) => {
    const base = Reflect.getMetadata('path', controller) as string;
    return handlersOf(controller).map((handler) => ({
      method: nameOf(Reflect.getMetadata('method', handler) as RequestMethod),
      path: `/${[base, Reflect.getMetadata('path', handler) as string].flatMap((part) => part.split('/')).filter((part) => part !== '').map(braced).join('/')}`,
    }));
  });
}

const handlersOf = ({ prototype }: Type): object[] =>
  Object.getOwnPropertyNames(prototype).map((name) => (prototype as Readonly<Record<string, unknown>>)[name])
    .filter((member): member is object => typeof member === 'function' && Reflect.hasMetadata('method', member));

const nameOf = (method: RequestMethod): string => (method === RequestMethod.ALL ? 'GET' : RequestMethod[method]);
const braced = (part: string): string => part.replace(/^:(.+)$/, '{$1}');
