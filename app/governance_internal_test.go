package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/app/params"
)

// A message that pays operators is found wherever governance could hide it.
func TestStakersMustAcceptAMessageThatPaysOperatorsWhereverItIs(t *testing.T) {
	params.SetSDKDefaults() // before an address is written in letters
	pays := []string{sdk.MsgTypeURL(&banktypes.MsgSend{})}
	gov := sdk.MustAccAddressFromBech32(Authority())
	send, other := &banktypes.MsgSend{}, &banktypes.MsgMultiSend{}
	exec := func(messages ...sdk.Msg) sdk.Msg {
		message := authz.NewMsgExec(gov, messages)
		return &message
	}
	permit := func(message sdk.Msg) sdk.Msg {
		later := time.Unix(1, 0)
		grant, err := authz.NewMsgGrant(gov, sdk.AccAddress("somebody"), authz.NewGenericAuthorization(sdk.MsgTypeURL(message)), &later)
		require.NoError(t, err)
		return grant
	}
	deep := exec(other)
	for range maxMessageDepth {
		deep = exec(deep)
	}
	for name, c := range map[string]struct {
		messages []sdk.Msg
		pays     bool
	}{
		"nothing":                    {nil, false},
		"another message":            {[]sdk.Msg{other, exec(other, exec(other)), permit(other)}, false},
		"the message":                {[]sdk.Msg{other, send}, true},
		"within another one":         {[]sdk.Msg{exec(other, send)}, true},
		"within one within another":  {[]sdk.Msg{exec(exec(other), exec(send))}, true},
		"the permission to send it":  {[]sdk.Msg{permit(send)}, true},
		"a permission within":        {[]sdk.Msg{exec(permit(send))}, true},
		"too deep to look":           {[]sdk.Msg{deep}, true},
		"a permission that is empty": {[]sdk.Msg{&authz.MsgGrant{}}, true},
	} {
		require.Equal(t, c.pays, contain(c.messages, pays, maxMessageDepth), name)
	}
	require.True(t, stakersMustAccept(govv1.Proposal{Messages: []*codectypes.Any{{TypeUrl: "/unread"}}}), "a message that cannot be read")
	require.False(t, stakersMustAccept(govv1.Proposal{}))
}
