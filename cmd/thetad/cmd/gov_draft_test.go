package cmd

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
)

// chainConn answers queries from the state of a chain in this process.
type chainConn struct {
	grpc.ClientConnInterface
	chain *apptest.Chain
}

func (c chainConn) Invoke(_ context.Context, method string, req, res any, _ ...grpc.CallOption) error {
	raw, err := proto.Marshal(req.(proto.Message))
	if err != nil {
		return err
	}
	answer, err := c.chain.App.GRPCQueryRouter().Route(method)(c.chain.Ctx(), &abci.RequestQuery{Data: raw, Path: method})
	if err != nil {
		return err
	}
	return proto.Unmarshal(answer.Value, res.(proto.Message))
}

// A draft of each module that has parameters explains all of them, and can be submitted as it is.
func TestADraftNamesEveryParameterAndPasses(t *testing.T) {
	chain := apptest.New(t)
	var schemas []string
	for _, url := range chain.App.InterfaceRegistry().ListImplementations(sdk.MsgInterfaceProtoName) {
		if schema, updates := strings.CutSuffix(url, ".MsgUpdateParams"); updates {
			schemas = append(schemas, strings.TrimPrefix(schema, "/"))
		}
	}
	var messages []sdk.Msg
	for module, m := range paramsModules() {
		schema := m.schema
		require.Contains(t, schemas, schema, module)
		schemas = slices.DeleteFunc(schemas, func(s string) bool { return s == schema })
		file, form, err := draftProposal(t.Context(), chainConn{chain: chain}, chain.App.AppCodec(), module, draftOptions{})
		require.NoError(t, err, module)
		var draft proposalFile
		require.NoError(t, json.Unmarshal(file, &draft))
		require.Len(t, draft.Messages, 1)
		require.Equal(t, "1000000000000000000000atfuel", draft.Deposit)
		var message sdk.Msg
		require.NoError(t, chain.App.AppCodec().UnmarshalInterfaceJSON(draft.Messages[0], &message), module)
		messages = append(messages, message)

		fields, err := membersOf(paramsOf(t, module, draft.Messages[0]))
		require.NoError(t, err)
		require.NotEmpty(t, fields)
		for _, p := range fields {
			require.True(t, slices.ContainsFunc(form, func(e formEntry) bool {
				return e.Name == p.name || strings.HasPrefix(e.Name, p.name+".")
			}), "x/%s: %s is not in the form", module, p.name)
		}
		for _, entry := range form {
			require.NotEmpty(t, entry.Text, "x/%s: %s is not explained", module, entry.Name)
			// Comments of the SDK give neither the range nor the effect, and name other chains.
			if strings.HasPrefix(schema, "cosmos.") && module != consensusModule {
				require.Equal(t, paramTexts()[module+"."+entry.Name], entry.Text, "x/%s: %s has no text of its own", module, entry.Name)
			}
		}
	}
	require.Equal(t, []string{"cosmos.mint.v1beta1"}, schemas, "modules without a draft")
	_, _, err := draftProposal(t.Context(), chainConn{chain: chain}, chain.App.AppCodec(), "mint", draftOptions{})
	require.ErrorContains(t, err, "draft those of rewards")

	submission, err := govv1.NewMsgSubmitProposal(messages, sdk.NewCoins(params.TfuelCoin(1_000)), chain.Accounts[0].String(), "", "title", "summary", false)
	require.NoError(t, err)
	_, err = chain.App.MsgServiceRouter().Handler(submission)(chain.Ctx(), submission)
	require.NoError(t, err)
	ctx := chain.Ctx()
	for _, message := range messages {
		_, err := chain.App.MsgServiceRouter().Handler(message)(ctx, message)
		require.NoError(t, err, "%T with the present parameters", message)
	}
}

// paramsOf returns what a message sets.
func paramsOf(t *testing.T, module string, message json.RawMessage) json.RawMessage {
	t.Helper()
	members, err := membersOf(message)
	require.NoError(t, err)
	if module != consensusModule {
		require.Len(t, members, 3)
		return members[2].value
	}
	var fields []string
	for _, m := range members[2:] {
		fields = append(fields, `"`+m.name+`":`+string(m.value))
	}
	return json.RawMessage("{" + strings.Join(fields, ",") + "}")
}

func TestAFormShowsValueMeaningAndRange(t *testing.T) {
	chain := apptest.New(t)
	_, form, err := draftProposal(t.Context(), chainConn{chain: chain}, chain.App.AppCodec(), "edgenode",
		draftOptions{expedited: true})
	require.NoError(t, err)
	var text strings.Builder
	for _, entry := range form {
		text.WriteString(entry.String())
	}
	for _, part := range []string{
		"max_slots = 64\n    Highest number of slots of one node, 1 to 4,096.", "jail.fault_window = \"57600\"\n", "classes[].id\n",
	} {
		require.Contains(t, text.String(), part)
	}
}

// The form says for each number of this chain's modules which values are accepted.
func TestAFormSaysTheRangeOfEveryNumber(t *testing.T) {
	chain := apptest.New(t)
	number, bound := regexp.MustCompile(`^"?[0-9]+"?$`), regexp.MustCompile(`[0-9]|above 0`)
	for _, module := range []string{"beacon", "compute", "edgenode", "feemarket", "rewards"} {
		_, form, err := draftProposal(t.Context(), chainConn{chain: chain}, chain.App.AppCodec(), module, draftOptions{})
		require.NoError(t, err)
		numbers := 0
		for _, entry := range form {
			if number.MatchString(entry.Now) {
				numbers++
				require.Regexp(t, bound, entry.Text, "x/%s: %s: expected the lowest and the highest value", module, entry.Name)
			}
		}
		require.Greater(t, numbers, 5, module)
	}
}

func TestADraftIsRefusedWithTheReason(t *testing.T) {
	chain := apptest.New(t)
	_, _, err := draftProposal(t.Context(), chainConn{chain: chain}, chain.App.AppCodec(), "nothing", draftOptions{})
	require.ErrorContains(t, err, `found "nothing"; modules: auth, bank`)
	path := filepath.Join(t.TempDir(), "draft.json")
	require.NoError(t, writeNew(path, []byte("one")))
	require.ErrorContains(t, writeNew(path, []byte("two")), "expected a new file")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one", string(content))
}
