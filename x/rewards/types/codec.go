package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// RegisterLegacyAminoCodec registers the messages for amino JSON signing.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	cdc.RegisterConcrete(Params{}, "theta/x/rewards/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgClaim{}, "theta/rewards/MsgClaim")
	legacy.RegisterAminoMsg(cdc, &MsgSetPayout{}, "theta/rewards/MsgSetPayout")
	legacy.RegisterAminoMsg(cdc, &MsgCollect{}, "theta/rewards/MsgCollect")
	legacy.RegisterAminoMsg(cdc, &MsgClaimAndDelegate{}, "theta/rewards/MsgClaimAndDelegate")
	legacy.RegisterAminoMsg(cdc, &MsgClaimAndBond{}, "theta/rewards/MsgClaimAndBond")
	legacy.RegisterAminoMsg(cdc, &MsgCreateGrant{}, "theta/rewards/MsgCreateGrant")
	legacy.RegisterAminoMsg(cdc, &MsgRevokeGrant{}, "theta/rewards/MsgRevokeGrant")
	legacy.RegisterAminoMsg(cdc, &MsgFundGrant{}, "theta/rewards/MsgFundGrant")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawGrant{}, "theta/rewards/MsgWithdrawGrant")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "theta/rewards/MsgUpdateParams")
}

// RegisterInterfaces registers the messages as sdk.Msg and the Msg service.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	registry.RegisterImplementations((*sdk.Msg)(nil),
		&MsgClaim{},
		&MsgSetPayout{},
		&MsgCollect{},
		&MsgClaimAndDelegate{},
		&MsgClaimAndBond{},
		&MsgCreateGrant{},
		&MsgRevokeGrant{},
		&MsgFundGrant{},
		&MsgWithdrawGrant{},
		&MsgUpdateParams{},
	)
	msgservice.RegisterMsgServiceDesc(registry, &_Msg_serviceDesc)
}
