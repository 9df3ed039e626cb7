// Package static carries the OpenAPI document and the page that shows it inside
// the node binary, so that a node without internet serves both.
package static

import (
	"embed"
	"net/http"
)

//go:embed index.html openapi.json
var files embed.FS

// Handler serves the page and the document under prefix, which ends in a slash.
func Handler(prefix string) http.Handler {
	return http.StripPrefix(prefix, http.FileServerFS(files))
}
