package client

import (
	"context"
	"fmt"
	"reflect"

	"google.golang.org/grpc"

	sdkmath "cosmossdk.io/math"
)

// MaxAmountBits bounds an amount in what a node answers: all coins of all jobs together
// have fewer bits, and numbers near the 256 that the SDK has room for end a program that
// reckons with them.
const MaxAmountBits = 200

// CheckAnswer refuses an answer in which an amount is missing, or larger than any amount
// of the chain: the SDK's numbers panic where they are counted with. A node that is honest
// sends no such answer.
func CheckAnswer(answer any) error {
	if place, odd := oddAmount(reflect.ValueOf(answer)); odd {
		return fmt.Errorf("expected an amount of at most 2^%d in the answer of the node, found none or a larger one (%T%s): it lies, or it is of another version; use another node",
			MaxAmountBits, answer, place)
	}
	return nil
}

var intType = reflect.TypeFor[sdkmath.Int]()

// oddAmount returns where in a message the first amount is that cannot be counted with, and
// whether there is any.
func oddAmount(v reflect.Value) (place string, odd bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "", false
		}
		return oddAmount(v.Elem())
	case reflect.Slice, reflect.Array:
		if !holdsAmounts(v.Type().Elem().Kind()) {
			return "", false
		}
		for i := range v.Len() {
			if place, odd := oddAmount(v.Index(i)); odd {
				return fmt.Sprintf("[%d]%s", i, place), true
			}
		}
	case reflect.Struct:
		if v.Type() == intType {
			amount := v.Interface().(sdkmath.Int) //nolint:forcetypeassert // the type says so
			return "", amount.IsNil() || amount.BigInt().BitLen() > MaxAmountBits
		}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			if place, odd := oddAmount(v.Field(i)); odd {
				return "." + field.Name + place, true
			}
		}
	default:
	}
	return "", false
}

// holdsAmounts says whether elements of a kind may hold amounts.
func holdsAmounts(kind reflect.Kind) bool {
	return kind == reflect.Struct || kind == reflect.Pointer || kind == reflect.Interface
}

// checked is a connection whose answers can be counted with.
type checked struct{ Connection }

// Invoke implements grpc.ClientConnInterface.
func (c checked) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if err := c.Connection.Invoke(ctx, method, args, reply, opts...); err != nil {
		return err
	}
	return CheckAnswer(reply)
}
