// The document in the page.

const data = await readDocument(byId("data").textContent);

/** The JSON that is gzipped and in base64. */
async function readDocument(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).json();
}

/** Kind of a frame that is no function of Go; those of functions are in the document. */
const UNKNOWN = 4;

/** Kind of a frame that is a type or a cause. */
const LABEL = 5;

/** Kind of the frame that everything is in. */
const ALL = 6;
