package jobfile

import (
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestArraysUnderAuditsAndTrustAreChunkedUnlessTheFileSaysOtherwise(t *testing.T) {
	auto := Chunk{Auto: true}
	for text, want := range map[string]Chunk{
		"":                               {},
		"tasks: 9":                       {},
		"tasks: 9\npolicy: {quorum: 3}":  {},
		"tasks: 9\npolicy: {audit: 10%}": auto,
		"tasks: 9\npolicy: {trust: any}": auto,
		"policy: {audit: 10%}":           {},
		"chunk: auto":                    {},
		"tasks: 9\nchunk: auto":          auto,
		"tasks: 9\nchunk: 9":             {Tasks: 9},
		"tasks: 9\nchunk: 1":             {Tasks: 1},
		"chunk: 1":                       {Tasks: 1},
		"array_input: {path: a, folder: b}\npolicy: {audit: 10%}":       auto,
		"array_input: {path: a, folder: b}\nchunk: 4096":                {Tasks: 4096},
		"tasks: 9\nchunk: auto\npolicy: {quorum: 3}":                    {},
		"tasks: 9\npolicy: {audit: 10%, challenge_blocks: 9}":           {},
		"tasks: 9\nchunk: 2\npolicy: {audit: 1%, challenge_blocks: 9}":  {Tasks: 2},
		"tasks: 9\nchunk: 2\npolicy: {quorum: 3}":                       {Tasks: 2},
		"tasks: 9\nchunk: 1\npolicy: {audit: 10%, challenge_blocks: 9}": {Tasks: 1},
	} {
		job, err := Parse([]byte(minimalJob + text))
		require.NoError(t, err, text)
		require.Equal(t, want, job.Chunk, text)
	}
}

func TestChunksThatNoChainAcceptsAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"tasks: 9\nchunk: 0":                                   `chunk: expected auto or the number of tasks that a node takes at once, from 1 on, found "0"`,
		"tasks: 9\nchunk: -1":                                  `found "-1"`,
		"tasks: 9\nchunk: Auto":                                `found "Auto"`,
		"tasks: 9\nchunk: [2]":                                 "found a list",
		"tasks: 9\nchunk: 10":                                  "expected at most the 9 tasks of the job, found 10",
		"chunk: 2":                                             "expected at most the job's one task, found 2",
		"tasks: 5000\nchunk: 4097":                             "expected at most 4096 tasks, found 4097",
		"tasks: 900\nchunk: 171\npolicy: {quorum: 3}":          "expected at most 170 tasks with a quorum of 3, found 171",
		"tasks: 9\npolicy: {audit: 1%, samples: 65}":           "expected at most 64 samples, found 65",
		"tasks: 9\npolicy: {quorum: 3, audit: 1%, samples: 2}": "expected samples with audit",
		"tasks: 9\npolicy: {samples: 2}":                       "expected samples with audit",
		"tasks: 9\npolicy: {trust: any, samples: 2}":           "expected trust without other kinds of verification",
	} {
		_, err := Parse([]byte(minimalJob + text))
		require.ErrorContains(t, err, says, text)
	}
}

func TestEachChunkIsAuditedByDefault(t *testing.T) {
	all := computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 1}
	eight := all
	eight.Samples = 8
	for text, want := range map[string]computetypes.Policy{
		"tasks: 9\nchunk: auto":                          all,
		"tasks: 9\nchunk: 3":                             all,
		"tasks: 9\nchunk: 3\npolicy: {samples: 8}":       eight,
		"tasks: 9\nchunk: 1":                             {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
		"chunk: auto":                                    {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
		"tasks: 9\nchunk: 3\npolicy: {audit: 5%}":        {Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 500, Auditors: 1},
		"tasks: 9\nchunk: 3\npolicy: {trust: theta1abc}": {Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, Node: "theta1abc", ReviewBlocks: defaultReviewBlocks},
	} {
		job, err := Parse([]byte(minimalJob + text))
		require.NoError(t, err, text)
		require.Equal(t, want, job.Policy.spec(), text)
	}
}

func TestTheSpecHasTheChunkOfTheFile(t *testing.T) {
	for text, want := range map[string]uint64{"tasks: 9\nchunk: 3": 3, "tasks: 9\nchunk: 1": 0, "tasks: 9\nchunk: auto": 0, "": 0} {
		job, err := Parse([]byte(minimalJob + text))
		require.NoError(t, err, text)
		require.Equal(t, want, job.Spec().ChunkTasks, text)
	}
}

func TestTheExampleOfAnArrayIsChunked(t *testing.T) {
	job, err := Load("../../examples/textgen/array.yaml")
	require.NoError(t, err)
	require.Equal(t, Chunk{Auto: true}, job.Chunk)
	spec := job.Spec()
	require.EqualValues(t, 64, spec.Tasks)
	require.EqualValues(t, 10_000, spec.Policy.AuditBps)
}
