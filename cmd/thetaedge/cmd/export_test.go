package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

func TestExportWritesALinePerAssignmentOfAllPages(t *testing.T) {
	pages := map[string]*sidecarv1.JobsResponse{
		"":  {NextPageToken: "a", Assignments: []*sidecarv1.Assignment{{JobId: "1-0-0", Paid: "1500000000000000000", LastError: "two\nlines"}, {JobId: "1-0-1", Task: 7}}},
		"a": {NextPageToken: "b"},
		"b": {Assignments: []*sidecarv1.Assignment{{JobId: "1-0-2"}}},
	}
	var out bytes.Buffer
	require.NoError(t, writeLines(&out, func(token string) (*sidecarv1.JobsResponse, error) { return pages[token], nil }))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 3)
	var ids []string
	for _, line := range lines {
		var assignment struct {
			JobID string `json:"job_id"`
			Paid  string `json:"paid"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &assignment))
		ids = append(ids, assignment.JobID)
	}
	require.Equal(t, []string{"1-0-0", "1-0-1", "1-0-2"}, ids)
	require.Contains(t, lines[0], `"1500000000000000000"`)
}

func TestExportEndsWhereTheDaemonRepeatsAPageOrFails(t *testing.T) {
	err := writeLines(&bytes.Buffer{}, func(string) (*sidecarv1.JobsResponse, error) {
		return &sidecarv1.JobsResponse{NextPageToken: "a"}, nil
	})
	require.ErrorContains(t, err, `page "a" twice`)
	gone := errors.New("gone")
	require.ErrorIs(t, writeLines(&bytes.Buffer{}, func(string) (*sidecarv1.JobsResponse, error) { return nil, gone }), gone)
}
