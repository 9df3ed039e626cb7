package static_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
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

// operation is what the document says of one query.
type operation struct {
	ID         string                     `json:"operationId"`
	Tags       []string                   `json:"tags"`
	Parameters []map[string]any           `json:"parameters"`
	Responses  map[string]json.RawMessage `json:"responses"`
}

// document is the part of OpenAPI that is looked at here.
type document struct {
	Info struct {
		Title, Version, Description string
	} `json:"info"`
	Tags []struct {
		Name, Description string
	} `json:"tags"`
	Paths       map[string]map[string]operation `json:"paths"`
	Definitions map[string]json.RawMessage      `json:"definitions"`
}

func read(t *testing.T) (document, string) {
	t.Helper()
	response := get(t, "/swagger/openapi.json")
	require.Equal(t, http.StatusOK, response.Code)
	var d document
	raw := response.Body.String()
	require.NoError(t, json.Unmarshal([]byte(raw), &d))
	return d, raw
}

func TestDocumentDescribesTheChainsQueriesAndTheSDKs(t *testing.T) {
	d, _ := read(t)
	for _, module := range []string{"beacon", "compute", "edgenode", "feemarket", "rewards"} {
		require.Contains(t, d.Paths, "/theta/"+module+"/v1/params")
	}
	for _, path := range []string{
		"/theta/tally/v1/proposals/{proposalId}/tally", "/theta/tally/v1/proposals/{proposalId}/bonds/{operator}",
		"/cosmos/auth/v1beta1/accounts/{address}", "/cosmos/bank/v1beta1/balances/{address}", "/cosmos/staking/v1beta1/validators",
		"/cosmos/gov/v1/proposals", "/cosmos/distribution/v1beta1/community_pool", "/cosmos/slashing/v1beta1/params",
		"/cosmos/feegrant/v1beta1/allowance/{granter}/{grantee}", "/cosmos/authz/v1beta1/grants", "/cosmos/tx/v1beta1/txs",
		"/cosmos/base/node/v1beta1/status", "/cosmos/base/tendermint/v1beta1/node_info",
	} {
		require.Contains(t, d.Paths, path)
	}
}

func TestDocumentIsNamedAndItsOperationsAreGroupedWithIdsOfTheirOwn(t *testing.T) {
	d, raw := read(t)
	require.Equal(t, "Theta Edge", d.Info.Title)
	require.NotEmpty(t, d.Info.Description)
	require.NotContains(t, d.Info.Version, "not set")
	groups := map[string]bool{}
	for _, tag := range d.Tags {
		require.NotEmpty(t, tag.Description, tag.Name)
		groups[tag.Name] = false
	}
	ids := map[string]string{}
	for path, verbs := range d.Paths {
		for _, op := range verbs {
			require.Len(t, op.Tags, 1, path)
			require.Contains(t, groups, op.Tags[0], path)
			groups[op.Tags[0]] = true
			require.NotContains(t, ids, op.ID, path)
			ids[op.ID] = path
		}
	}
	for group, used := range groups {
		require.True(t, used, group)
	}
	for _, found := range regexp.MustCompile(`"#/definitions/([^"]+)"`).FindAllStringSubmatch(raw, -1) {
		require.Contains(t, d.Definitions, found[1])
	}
	require.Less(t, len(raw), 700<<10, "the document is part of the binary")
}
