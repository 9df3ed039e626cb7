package types_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

const someOperator = "theta1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn6wfd3e"

// goodPolicies returns one valid policy of each kind.
func goodPolicies() map[types.PolicyKind]types.Policy {
	return map[types.PolicyKind]types.Policy{
		types.POLICY_KIND_QUORUM: {Kind: types.POLICY_KIND_QUORUM, Replicas: 3},
		types.POLICY_KIND_AUDIT:  {Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 700, Auditors: 2},
		types.POLICY_KIND_TRUST:  {Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 100, Node: someOperator},
	}
}

func TestGoodPoliciesPass(t *testing.T) {
	s := goodSpec()
	for kind, policy := range goodPolicies() {
		s.Policy = policy
		require.NoError(t, s.Validate(), "%s", kind)
		_, err := s.CheckParams(types.DefaultParams())
		require.NoError(t, err, "%s", kind)
	}
	s.Policy.Node = ""
	require.NoError(t, s.Validate(), "TRUST by sortition")
}

func TestPoliciesCarryOnlyWhatTheirKindKnows(t *testing.T) {
	quorum, audit, trust := types.POLICY_KIND_QUORUM, types.POLICY_KIND_AUDIT, types.POLICY_KIND_TRUST
	for name, c := range map[string]struct {
		kind   types.PolicyKind
		change func(*types.Policy)
		says   string
	}{
		"quorum of one":            {quorum, func(p *types.Policy) { p.Replicas = 1 }, "odd number from 3"},
		"quorum with a node":       {quorum, func(p *types.Policy) { p.Node = someOperator }, "only under POLICY_KIND_TRUST"},
		"quorum with a review":     {quorum, func(p *types.Policy) { p.ReviewBlocks = 1 }, "only under POLICY_KIND_TRUST"},
		"audits over a whole":      {quorum, func(p *types.Policy) { p.AuditBps = 10_001 }, "audit_bps: expected at most 10000"},
		"endless auditors":         {quorum, func(p *types.Policy) { p.Auditors = 65 }, "auditors: expected at most 64"},
		"audit of three":           {audit, func(p *types.Policy) { p.Replicas = 3 }, "expected 1 under POLICY_KIND_AUDIT"},
		"audit that never comes":   {audit, func(p *types.Policy) { p.AuditBps = 0 }, "of at least 1"},
		"audit by nobody":          {audit, func(p *types.Policy) { p.Auditors = 0 }, "of at least 1"},
		"audit with a node":        {audit, func(p *types.Policy) { p.Node = someOperator }, "only under POLICY_KIND_TRUST"},
		"trust of three":           {trust, func(p *types.Policy) { p.Replicas = 3 }, "expected 1 under POLICY_KIND_TRUST"},
		"trust without review":     {trust, func(p *types.Policy) { p.ReviewBlocks = 0 }, "review_blocks: expected at least 1"},
		"trust with audits":        {trust, func(p *types.Policy) { p.AuditBps = 1 }, "leave them out"},
		"trust with auditors":      {trust, func(p *types.Policy) { p.Auditors = 1 }, "leave them out"},
		"trust at own risk":        {trust, func(p *types.Policy) { p.OwnRisk = true }, "leave them out"},
		"trust that is challenged": {trust, func(p *types.Policy) { p.ChallengeBlocks = 1 }, "leave them out"},
		"trust in no address":      {trust, func(p *types.Policy) { p.Node = "me" }, "expected an operator's address"},
		"trust in upper case":      {trust, func(p *types.Policy) { p.Node = "THETA1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSN6WFD3E" }, "in lower case"},
		"trust in a long address":  {trust, func(p *types.Policy) { p.Node += p.Node + p.Node }, "expected an operator's address"},
		"trust with a stray space": {trust, func(p *types.Policy) { p.Node += "\n" }, "expected an operator's address"},
	} {
		t.Run(name, func(t *testing.T) {
			s := goodSpec()
			s.Policy = goodPolicies()[c.kind]
			c.change(&s.Policy)
			err := s.Validate()
			require.ErrorIs(t, err, types.ErrInvalidSpec)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestParamsRefusePoliciesTheyDoNotAllow(t *testing.T) {
	quorum, audit, trust := types.POLICY_KIND_QUORUM, types.POLICY_KIND_AUDIT, types.POLICY_KIND_TRUST
	nobodyVouches := func(p *types.Params) { p.DeterministicExecutors = nil }
	for name, c := range map[string]struct {
		kind   types.PolicyKind
		change func(*types.Policy)
		params func(*types.Params)
		want   error
		says   string
	}{
		"auditors":               {audit, func(p *types.Policy) { p.Auditors = 8 }, nil, types.ErrInvalidSpec, "expected at most 7 auditors"},
		"review":                 {trust, func(p *types.Policy) { p.ReviewBlocks = 57_601 }, nil, types.ErrInvalidSpec, "review_blocks: expected at most 57600"},
		"challenge for too long": {audit, func(p *types.Policy) { p.ChallengeBlocks = 57_601 }, nil, types.ErrInvalidSpec, "challenge_blocks: expected at most 57600"},
		"challenge for longer than specs are kept": {
			audit, func(p *types.Policy) { p.ChallengeBlocks = 11 }, func(p *types.Params) { p.RetentionBlocks = 10 }, types.ErrInvalidSpec, "challenge_blocks: expected at most 10",
		},
		"challenge of as many as can judge": {
			quorum, func(p *types.Policy) { p.Replicas, p.ChallengeBlocks = 15, 1 }, nil, types.ErrInvalidSpec, "more than 16 judges",
		},
		"challenge of what may differ": {quorum, func(p *types.Policy) { p.ChallengeBlocks = 1 }, nobodyVouches, types.ErrUnsupported, "and challenge_blocks"},
		"audit of what may differ":     {audit, nil, nobodyVouches, types.ErrUnsupported, "ask for a quorum without audits"},
		"audited quorum of the same":   {quorum, func(p *types.Policy) { p.AuditBps = 1 }, nobodyVouches, types.ErrUnsupported, "audit_bps, auditors and"},
		"auditors of what may differ":  {quorum, func(p *types.Policy) { p.Auditors = 1 }, nobodyVouches, types.ErrUnsupported, "audit_bps, auditors and"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := goodSpec(), types.DefaultParams()
			s.Policy = goodPolicies()[c.kind]
			if c.change != nil {
				c.change(&s.Policy)
			}
			if c.params != nil {
				c.params(&p)
			}
			_, err := s.CheckParams(p)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestWhoVouchesForAProgramDecidesWhetherItIsSlashed(t *testing.T) {
	s, p := goodSpec(), types.DefaultParams()
	effective := func() (types.Policy, bool) { return p.Effective(&s) }

	policy, slashed := effective()
	require.True(t, slashed, "the executor is deterministic by construction")
	require.Equal(t, types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3, AuditBps: 500, Auditors: 1, Samples: 4}, policy, "the floor")

	p.DeterministicExecutors = nil
	policy, slashed = effective()
	require.False(t, slashed)
	require.Equal(t, s.Policy, policy, "no audits where nobody vouches")

	p.DeterministicPrograms = [][]byte{bytes.Repeat([]byte{9}, 32), s.Program.Sha256}
	_, slashed = effective()
	require.True(t, slashed, "governance vouches for the program")

	p.DeterministicPrograms = nil
	s.Policy.OwnRisk = true
	policy, slashed = effective()
	require.True(t, slashed, "nodes take the risk")
	require.EqualValues(t, 500, policy.AuditBps)
	s.Policy = goodPolicies()[types.POLICY_KIND_AUDIT]
	s.Policy.OwnRisk = true
	_, err := s.CheckParams(p)
	require.NoError(t, err)
}

// A judge could repeat what it has seen, even if governance or nodes vouch for the program.
func TestNoResultWithoutATraceIsSlashed(t *testing.T) {
	s, p := goodSpec(), types.DefaultParams()
	s.Executor, s.Policy = "container/1", types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}
	p.DeterministicPrograms = [][]byte{s.Program.Sha256}
	require.NoError(t, s.Validate())
	_, err := s.CheckParams(p)
	require.NoError(t, err)
	policy, slashed := p.Effective(&s)
	require.False(t, slashed)
	require.Equal(t, s.Policy, policy, "no audits")

	for name, change := range map[string]func(*types.Policy){
		"audit":     func(policy *types.Policy) { *policy = goodPolicies()[types.POLICY_KIND_AUDIT] },
		"audits":    func(policy *types.Policy) { policy.AuditBps, policy.Auditors = 500, 1 },
		"challenge": func(policy *types.Policy) { policy.ChallengeBlocks = 10 },
		"own risk":  func(policy *types.Policy) { policy.OwnRisk = true },
	} {
		asked := s
		change(&asked.Policy)
		err := asked.Validate()
		if err == nil {
			_, err = asked.CheckParams(p)
		}
		require.ErrorIs(t, err, types.ErrUnsupported, name)
	}
	p.DeterministicExecutors = append(p.DeterministicExecutors, "container/1")
	require.ErrorContains(t, p.Validate(), `expected profiles whose runs leave a trace, found "container/1"`)
}

func TestTheFloorRaisesWhatIsAskedAndNeverLowersIt(t *testing.T) {
	s, p := goodSpec(), types.DefaultParams()
	s.Policy = types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 700, Auditors: 2, Samples: 9}
	policy, _ := p.Effective(&s)
	require.Equal(t, s.Policy, policy)
	s.Policy.AuditBps = 3
	policy, _ = p.Effective(&s)
	require.EqualValues(t, 500, policy.AuditBps)

	p.AuditFloorBps = 0
	s.Policy = types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3, Auditors: 2}
	policy, _ = p.Effective(&s)
	require.Zero(t, policy.Auditors, "nothing is reserved for audits that never come")

	s.Policy = goodPolicies()[types.POLICY_KIND_TRUST]
	policy, slashed := types.DefaultParams().Effective(&s)
	require.False(t, slashed, "its requester alone judges it")
	require.Equal(t, s.Policy, policy)
}

func TestPlacementsAreRefusedByField(t *testing.T) {
	other := "theta1qyqszqgpqyqszqgpqyqszqgpqyqszqgpjnp7du"
	good := types.Placement{Regions: []string{"de", "us-west"}, Denied: []string{someOperator, other}, MinBond: "1000"}
	s := goodSpec()
	s.Placement = good
	require.NoError(t, s.Validate())
	for name, c := range map[string]struct {
		change func(*types.Placement)
		says   string
	}{
		"nine regions":          {func(p *types.Placement) { p.Regions = make([]string, 9) }, "regions: expected at most 8, found 9"},
		"region in capitals":    {func(p *types.Placement) { p.Regions[0] = "DE" }, "expected a country"},
		"region of three":       {func(p *types.Placement) { p.Regions[0] = "deu" }, "expected a country"},
		"region with no part":   {func(p *types.Placement) { p.Regions[0] = "de-" }, "expected a country"},
		"region with a newline": {func(p *types.Placement) { p.Regions[0] = "de\n" }, "expected a country"},
		"region twice":          {func(p *types.Placement) { p.Regions[0] = "us-west" }, "named twice"},
		"17 denied":             {func(p *types.Placement) { p.Denied = make([]string, 17) }, "denied: expected at most 16"},
		"denied of no form":     {func(p *types.Placement) { p.Denied[0] = "me" }, "expected an operator's address"},
		"denied twice":          {func(p *types.Placement) { p.Denied[0] = p.Denied[1] }, "named twice"},
		"bond of nothing":       {func(p *types.Placement) { p.MinBond = "0" }, "min_bond: expected a whole amount"},
		"negative bond":         {func(p *types.Placement) { p.MinBond = "-1" }, "min_bond"},
		"bond with a denom":     {func(p *types.Placement) { p.MinBond = "1000atfuel" }, "min_bond"},
		"bond over the highest": {func(p *types.Placement) { p.MinBond = "1000000000000000000000000000000000001" }, "min_bond"},
		"endless bond":          {func(p *types.Placement) { p.MinBond = fill(1, 100)[0] }, "min_bond"},
	} {
		t.Run(name, func(t *testing.T) {
			s := goodSpec()
			s.Placement = types.Placement{
				Regions: append([]string{}, good.Regions...), Denied: append([]string{}, good.Denied...), MinBond: good.MinBond,
			}
			c.change(&s.Placement)
			err := s.Validate()
			require.ErrorIs(t, err, types.ErrInvalidSpec)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestARegionCoversItsParts(t *testing.T) {
	p := types.Placement{Regions: []string{"us", "de-berlin"}}
	for region, want := range map[string]bool{
		"us": true, "us-west": true, "de-berlin": true, "de": false, "de-bonn": false, "usa": false, "": false,
	} {
		require.Equal(t, want, p.Prefers(region), region)
	}
	require.True(t, (&types.Placement{}).Prefers("de"), "no preference")
}

func TestArrayInputsAreRefusedByField(t *testing.T) {
	good := func() *types.ArrayInput {
		return &types.ArrayInput{
			Path: "items/one.json", Root: bytes.Repeat([]byte{1}, 32), Count: 10, MaxBytes: 1 << 20,
			Uris: []string{"https://example.org/items"},
		}
	}
	s := goodSpec()
	s.Tasks, s.ArrayInput = 10, good()
	require.NoError(t, s.Validate())
	for name, c := range map[string]struct {
		change func(*types.ArrayInput)
		says   string
	}{
		"escaping path":        {func(a *types.ArrayInput) { a.Path = "../x" }, "array_input: expected a relative path"},
		"path of another":      {func(a *types.ArrayInput) { a.Path = "prompt.txt" }, "named twice"},
		"path below a file":    {func(a *types.ArrayInput) { a.Path = "prompt.txt/one" }, "lies below it"},
		"path over a file":     {func(a *types.ArrayInput) { a.Path = "models" }, "lies below it"},
		"short root":           {func(a *types.ArrayInput) { a.Root = a.Root[1:] }, "root: expected 32 bytes, found 31"},
		"fewer than tasks":     {func(a *types.ArrayInput) { a.Count = 9 }, "count: expected one input per task"},
		"endless inputs":       {func(a *types.ArrayInput) { a.Count = 1 << 63 }, "count"},
		"empty inputs":         {func(a *types.ArrayInput) { a.MaxBytes = 0 }, "max_bytes"},
		"huge inputs":          {func(a *types.ArrayInput) { a.MaxBytes = 1<<40 + 1 }, "max_bytes"},
		"no uri":               {func(a *types.ArrayInput) { a.Uris = nil }, "expected 1 to 4 uris, found 0"},
		"five uris":            {func(a *types.ArrayInput) { a.Uris = make([]string, 5) }, "expected 1 to 4 uris, found 5"},
		"uri of a file":        {func(a *types.ArrayInput) { a.Uris[0] = "file:///x" }, "http or https"},
		"uri with a slash":     {func(a *types.ArrayInput) { a.Uris[0] += "/" }, "expected a prefix"},
		"uri with a query":     {func(a *types.ArrayInput) { a.Uris[0] += "?a=b" }, "expected a prefix"},
		"uri with a fragment":  {func(a *types.ArrayInput) { a.Uris[0] += "#a" }, "expected a prefix"},
		"uri with a long name": {func(a *types.ArrayInput) { a.Uris[0] += fill(1, 300)[0] }, "expected at most 256"},
	} {
		t.Run(name, func(t *testing.T) {
			s := goodSpec()
			s.Tasks, s.ArrayInput = 10, good()
			c.change(s.ArrayInput)
			err := s.Validate()
			require.ErrorIs(t, err, types.ErrInvalidSpec)
			require.ErrorContains(t, err, c.says)
		})
	}
}
