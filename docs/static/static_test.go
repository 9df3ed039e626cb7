package static_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/docs/static"
)

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	static.Handler("/swagger/").ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder
}

func TestPageNeedsNothingFromElsewhere(t *testing.T) {
	page := get(t, "/swagger/")
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), "openapi.json")
	require.NotContains(t, page.Body.String(), "//cdn")
	require.NotContains(t, page.Body.String(), "https://")
}

func TestDocumentDescribesTheChainsQueries(t *testing.T) {
	response := get(t, "/swagger/openapi.json")
	require.Equal(t, http.StatusOK, response.Code)
	var document struct {
		Paths map[string]any `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(response.Body.Bytes(), &document))
	for _, module := range []string{"beacon", "compute", "edgenode", "rewards"} {
		require.Contains(t, document.Paths, "/theta/"+module+"/v1/params")
	}
}
