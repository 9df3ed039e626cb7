// Package static carries the OpenAPI document and the page that shows it inside
// the node binary, so that a node without internet serves both.
package static

import (
	"bytes"
	"embed"
	"net/http"
)

//go:embed index.html openapi.json
var files embed.FS

//go:embed openapi.json
var document []byte

// Document returns a copy of the OpenAPI document. It contains the comments of the schemas.
func Document() []byte { return bytes.Clone(document) }

// Handler serves the page and the document under prefix, which ends in a slash.
func Handler(prefix string) http.Handler {
	return http.StripPrefix(prefix, http.FileServerFS(files))
}
