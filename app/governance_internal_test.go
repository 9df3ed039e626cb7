package app

import (
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app/params"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// A message that stakers must accept is found wherever a proposal could hide it.
func TestStakersMustAcceptAMessageWhereverItIs(t *testing.T) {
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
	replace := func(account string) sdk.Msg {
		return &consensustypes.MsgUpdateParams{Auth: &cmtproto.AuthorityParams{Authority: account}}
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

		"the permission to act for governance":   {[]sdk.Msg{permit(exec(other))}, true},
		"the permission to permit":               {[]sdk.Msg{permit(permit(other))}, true},
		"the permission to replace governance":   {[]sdk.Msg{permit(replace(""))}, true},
		"another account in place of governance": {[]sdk.Msg{other, exec(replace(sdk.AccAddress("somebody").String()))}, true},
		"governance itself":                      {[]sdk.Msg{replace(Authority()), replace("")}, false},
		"limits of blocks":                       {[]sdk.Msg{&consensustypes.MsgUpdateParams{}}, false},
	} {
		require.Equal(t, c.pays, contain(c.messages, pays, maxMessageDepth), name)
	}
	require.True(t, stakersMustAccept(govv1.Proposal{Messages: []*codectypes.Any{{TypeUrl: "/unread"}}}), "a message that cannot be read")
	require.False(t, stakersMustAccept(govv1.Proposal{}))
	for _, message := range []sdk.Msg{
		&rewardstypes.MsgCreateGrant{}, &rewardstypes.MsgUpdateParams{}, &govv1.MsgUpdateParams{}, &stakingtypes.MsgUpdateParams{},
		// The community tax is taken from what stakers get, and whom x/slashing jails has no vote.
		&distrtypes.MsgUpdateParams{}, &distrtypes.MsgCommunityPoolSpend{}, &slashingtypes.MsgUpdateParams{},
		// An account in the list of x/tally needs no vote for its proposals.
		&tallytypes.MsgUpdateParams{},
	} {
		require.True(t, contain([]sdk.Msg{message}, stakersDecide(), maxMessageDepth), "%T", message)
	}
	for _, message := range []sdk.Msg{exec(), &authz.MsgGrant{}, replace("")} {
		require.Contains(t, lendsGovernance(), sdk.MsgTypeURL(message))
	}
	require.Len(t, lendsGovernance(), 3)
}
