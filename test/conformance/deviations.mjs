/**
 * In what Heliograph may differ from Glance, by the name of the case and the line that tells the difference; everything else fails.
 * `waitsFor` names the issue that will end a difference; without it the difference is meant, and docs/deviations.md or `reason` says why.
 */
export const deviations = [
  { differs: /^x-openstack-request-id: Glance "absent", Heliograph "req-…"$/, reason: 'every answer has a request id, also one without a token' },
  { differs: /^status: Glance (500|connection cut), Heliograph [24]\d\d$/, reason: 'where Glance fails, the request is answered or what is wrong with it is said' },
  { case: / BREW( |$)|^forms: 501 /, differs: /./, reason: 'a verb that HTTP does not know is 501, in plain text, before anything is looked at' },
  { case: /^versions: OPTIONS/, differs: /^(content-type|body): /, reason: 'OPTIONS is for CORS, and its answer has no body' },
  { case: /^versions: GET \/v2(\.\d+)? by demo/, differs: /^status: Glance 302, Heliograph 404$/, reason: 'there is nothing at /v2/, and so no redirection to it' },
  { case: /^versions: forwarded host/, differs: /^body\.versions\.\d+\.links\.0\.href: Glance "https:/, reason: 'X-Forwarded-Proto is believed where enable_proxy_headers_parsing says so, and not by the web server before' },
  { case: /^tags: (put|delete) (unicode|four bytes|255 of two bytes|encoded slash|dot)/, differs: /./, reason: 'a tag in a path is UTF-8 in percent encoding, any text of 255 characters' },
  { case: /^(tags: delete bad percent|show: (percent alone|bad percent)|list: \?a=%(zz)?)$/, differs: /^status: .* Heliograph 400$/, reason: 'a percent encoding that is none is refused wherever it stands' },
  { case: /^members: with an encoded slash$/, differs: /^status: Glance 404, Heliograph 200$/, reason: 'a member whose name holds a slash is found' },
  { case: /^(data: upload (to no image )?as APPLICATION|patch: Content-Type APPLICATION)/, differs: /./, reason: 'a media type is the same in upper case' },
  { case: /^data: upload (in chunks )?with store reserved/, differs: /./, reason: 'the staging area is no store that anybody may choose' },
  { case: /^data: Range bytes=(-0|1-b)$/, differs: /^status: Glance 206, Heliograph 416$/, reason: 'a range that is none, or of no byte, is refused' },
  { case: /^create/, differs: /^openstack-image-store-ids: Glance "cheap,fast,os_glance_staging_store,os_glance_tasks_store", Heliograph "cheap,fast"$/, reason: 'the stores that are named are those that a client may choose' },
  { case: /^create: chunked$/, differs: /^status: Glance 400, Heliograph 201$/, reason: 'a JSON body may come in chunks' },
  { case: /^create: os_hash_(algo|value)$/, differs: /^status: Glance 201, Heliograph 403$/, reason: 'what the service alone sets is refused, also where Glance takes it and forgets it' },
  { case: /^patch: stores /, differs: /^status: .* Heliograph 403$/, reason: 'an attribute that the service alone sets is read-only, whatever is asked of it' },
  { case: /^patch: owner another by add, and the image after it$/, differs: /^status: Glance 404, Heliograph 200$/, reason: 'a change that was refused was not made' },
  { case: /^(patch (nothing|public|owner) of \w+|cache: (queue|delete).*) by (system|unscoped)$/, differs: /^status: Glance (200|403), Heliograph 404$/, reason: 'a token that is not scoped to a project finds no image, whatever it wants of it' },
  { case: /^locations: /, differs: /^body\.stores: Glance "web(,web)+", Heliograph "web"$/, reason: 'each store is named once, however many locations it reads' },
  { case: /^locations: with .*validation_data$/, differs: /^body\.locations\.\d\.validation_data: .* Heliograph nothing$/, reason: 'what a client said of the data stands in the image, and not once in the answer to it' },
  { case: /^locations: number /, differs: /^body\.locations\.\d\.url/, reason: 'locations keep their order' },
  { case: /^list by (system|unscoped): \?limit=x$/, differs: /^status: Glance 400, Heliograph 403$/, reason: 'who may not list is told so first' },
  { case: /^forms: \d+ with Accept (application\/json|text\/html);/, differs: /./, reason: 'a media type that is accepted with a parameter is accepted' },
  { case: /^paths: \w+ \/v2\/(\.|x\/\.\.)\/images/, differs: /^status: .* Heliograph 404$/, reason: 'a path is taken as it was sent, and no segment leads to another place' },
  { case: /^schema \w+: with a body$/, differs: /^status: Glance 400, Heliograph 405$/, reason: 'a method that is not there is said first' },
  { case: /^schema images?$/, differs: /\.min_(ram|disk)\.(minimum|maximum): Glance nothing, /, reason: 'the schema says the bounds of min_ram and min_disk' },
  { case: /^list: \?.*(tag|sort_key|name|visibility|updated_at|marker|limit|sort)=/, differs: /^body\.(first|next)/, reason: 'the links of a page keep every parameter, also repeated ones' },
  { case: /^list: \?(visibility=public&visibility=private|limit=1&limit=2)$/, differs: /^body\.images: /, reason: 'of a repeated parameter the last counts' },
  { case: /^list(: .*sort(_key)?= ?(name|size|disk_format|container_format)| by )/, differs: /^body\.images: /, reason: 'what has no value sorts before all that has one, as in Glance on MySQL; on PostgreSQL, as here, it sorts after' },
  { case: /^list: \?a;b=c$/, differs: /^body\.first\./, reason: 'a semicolon divides no parameters' },
  { case: /^list.*marker=%(OTHERS|EXISTING)%$/, differs: /^status: Glance 403, Heliograph 400$/, reason: 'a marker that the caller may not see is the same as one that is not there' },
  { case: /^list: \?((size_min|limit)=9{20}|nonsense_max=x)$/, differs: /^status: Glance (200, Heliograph 400|400, Heliograph 200)$/, reason: 'a number has bounds, and what is no attribute is a property' },
];

/** The deviation that explains a difference, if one does. */
export const allowed = (name, difference) =>
  deviations.find((each) => (each.case?.test(name) ?? true) && each.differs.test(difference));
