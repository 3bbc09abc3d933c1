;; Looks for what an earlier evaluation could have left, then leaves all it can: in a global, a table and memory.
;; `$words` of memory from `$from` on are its own; what the host hands over lies behind them.
(module
  (memory (export "memory") 4)
  (global $secret (mut i64) (i64.const 0))
  (global $next (mut i32) (i32.const 196608))
  (global $dirty (mut i32) (i32.const 0))
  (table $table 4 funcref)
  (elem declare func $mark)
  (func $mark)

  ;; Memory for the host's request. Fresh memory must be zero there as well.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (global.set $dirty (i32.const 1))))
    (local.get $at))

  (func (export "reeve:policy/guard@0.1.0#configure") (param i32 i32) (result i32) (i32.const 16))
  (func (export "reeve:policy/guard@0.1.0#describe") (result i32) (i32.const 16))

  ;; `abstain` when something was there, `allow` when all is as new.
  (func (export "reeve:policy/guard@0.1.0#evaluate") (param i32) (result i32)
    (local $at i32)
    (local $seen i64)
    (local.set $seen (i64.or (global.get $secret) (i64.extend_i32_u (global.get $dirty))))
    (if (i32.eqz (ref.is_null (table.get $table (i32.const 1)))) (then (local.set $seen (i64.const 1)))) ;; table
    (local.set $at (i32.const 4096))
    (loop $look
      (local.set $seen (i64.or (local.get $seen) (i64.load (local.get $at))))
      (i64.store (local.get $at) (i64.const 0x5ec2e75ec2e75ec2))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $look (i32.lt_u (local.get $at) (i32.const 196608))))
    (global.set $secret (i64.const 0x5ec2e7))
    (table.set $table (i32.const 1) (ref.func $mark)) ;; table
    (i32.store8 (i32.const 32) (i32.const 0))
    (i32.store8 (i32.const 36) (select (i32.const 0) (i32.const 2) (i64.eqz (local.get $seen))))
    (i32.const 32)))
