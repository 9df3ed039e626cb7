// Package types contains the messages, records and rules of x/compute: ids, hashes,
// sortition, verdicts, money and the tables of statuses.
package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// RegisterLegacyAminoCodec registers the messages for signing by hardware wallets.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	legacy.RegisterAminoMsg(cdc, &MsgPostJob{}, "theta/compute/MsgPostJob")
	legacy.RegisterAminoMsg(cdc, &MsgTopUpJob{}, "theta/compute/MsgTopUpJob")
	legacy.RegisterAminoMsg(cdc, &MsgCancelJob{}, "theta/compute/MsgCancelJob")
	legacy.RegisterAminoMsg(cdc, &MsgRedraw{}, "theta/compute/MsgRedraw")
	legacy.RegisterAminoMsg(cdc, &MsgRedeliver{}, "theta/compute/MsgRedeliver")
	legacy.RegisterAminoMsg(cdc, &MsgReview{}, "theta/compute/MsgReview")
	legacy.RegisterAminoMsg(cdc, &MsgChallenge{}, "theta/compute/MsgChallenge")
	legacy.RegisterAminoMsg(cdc, &MsgClaim{}, "theta/compute/MsgClaim")
	legacy.RegisterAminoMsg(cdc, &MsgCommit{}, "theta/compute/MsgCommit")
	legacy.RegisterAminoMsg(cdc, &MsgReveal{}, "theta/compute/MsgReveal")
	legacy.RegisterAminoMsg(cdc, &MsgOpen{}, "theta/compute/MsgOpen")
	legacy.RegisterAminoMsg(cdc, &MsgRelease{}, "theta/compute/MsgRelease")
	legacy.RegisterAminoMsg(cdc, &MsgYield{}, "theta/compute/MsgYield")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "theta/compute/MsgUpdateParams")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateCarbonFactors{}, "theta/compute/MsgUpdateCarbonFactors")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	registry.RegisterImplementations((*sdk.Msg)(nil),
		&MsgPostJob{}, &MsgTopUpJob{}, &MsgCancelJob{}, &MsgRedraw{}, &MsgRedeliver{}, &MsgReview{}, &MsgChallenge{}, &MsgClaim{},
		&MsgCommit{}, &MsgReveal{}, &MsgOpen{}, &MsgRelease{}, &MsgYield{}, &MsgUpdateParams{},
		&MsgUpdateCarbonFactors{})
	msgservice.RegisterMsgServiceDesc(registry, &_Msg_serviceDesc)
}
