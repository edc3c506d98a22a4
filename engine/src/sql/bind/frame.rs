//! Frames of windows: `ROWS`, `RANGE` and `GROUPS` with their bounds.

use super::coerce::{Context, can_cast};
use super::context::{Binder, Clause};
use super::names::sql_error;
use super::time_operator::is_temporal;
use super::window::distance_type;
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind, Frame, FrameBound, FrameExclusion, FrameUnits, WindowKey};
use crate::sql::frame_exclusion::{Distance, distance};
use crate::sql::walk::operands_mut;
use crate::types::SqlType;
use sqlparser::ast;

impl FrameUnits {
    /// The word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rows => "ROWS",
            Self::Range => "RANGE",
            Self::Groups => "GROUPS",
        }
    }
}

impl Binder<'_> {
    /// A frame of a window in the order of `order`. `42P20` for bounds that do not go together.
    pub(super) fn bind_frame(
        &mut self,
        frame: &ast::WindowFrame,
        order: &[WindowKey],
    ) -> Result<Frame> {
        let ast::WindowFrame {
            units,
            start_bound,
            end_bound,
        } = frame;
        let units = match units {
            ast::WindowFrameUnits::Rows => FrameUnits::Rows,
            ast::WindowFrameUnits::Range => FrameUnits::Range,
            ast::WindowFrameUnits::Groups => FrameUnits::Groups,
        };
        let (start, mut exclusion) = self.bind_bound(start_bound, true, units, order)?;
        let end = match end_bound {
            Some(bound) => {
                let (end, excluded) = self.bind_bound(bound, false, units, order)?;
                exclusion = exclusion.or(excluded);
                end
            }
            None => FrameBound::CurrentRow,
        };
        check_bounds(&start, &end)?;
        if units == FrameUnits::Groups && order.is_empty() {
            let message = "GROUPS mode requires an ORDER BY clause";
            return Err(sql_error("42P20", message));
        }
        Ok(Frame {
            units,
            start,
            end,
            exclusion: exclusion.unwrap_or(FrameExclusion::NoOthers),
        })
    }

    fn bind_bound(
        &mut self,
        bound: &ast::WindowFrameBound,
        starts: bool,
        units: FrameUnits,
        order: &[WindowKey],
    ) -> Result<(FrameBound, Option<FrameExclusion>)> {
        let (written, preceding) = match bound {
            ast::WindowFrameBound::CurrentRow => return Ok((FrameBound::CurrentRow, None)),
            ast::WindowFrameBound::Preceding(distance) => (distance, true),
            ast::WindowFrameBound::Following(distance) => (distance, false),
        };
        let (written, exclusion) = match written {
            Some(written) => distance(written),
            None => (Distance::Unbounded, None),
        };
        let bound = match (written, preceding) {
            (Distance::CurrentRow, _) => FrameBound::CurrentRow,
            (Distance::Unbounded, true) if !starts => {
                let message = "frame end cannot be UNBOUNDED PRECEDING";
                return Err(sql_error("42P20", message));
            }
            (Distance::Unbounded, false) if starts => {
                let message = "frame start cannot be UNBOUNDED FOLLOWING";
                return Err(sql_error("42P20", message));
            }
            (Distance::Unbounded, true) => FrameBound::UnboundedPreceding,
            (Distance::Unbounded, false) => FrameBound::UnboundedFollowing,
            (Distance::Of(written), true) => {
                FrameBound::Preceding(self.bind_distance(written, units, order)?)
            }
            (Distance::Of(written), false) => {
                FrameBound::Following(self.bind_distance(written, units, order)?)
            }
        };
        Ok((bound, exclusion))
    }

    fn bind_distance(
        &mut self,
        written: &ast::Expr,
        units: FrameUnits,
        order: &[WindowKey],
    ) -> Result<Expr> {
        let word = units.name();
        let distance = self.in_clause(Clause::Frame(units), |b| b.bind_expr(written))?;
        if refers_to_columns(&distance) {
            let message = format!("argument of {word} must not contain variables");
            return Err(sql_error("42P10", message));
        }
        if units != FrameUnits::Range {
            if !can_cast(distance.sql_type, SqlType::Int8, Context::Assignment) {
                let message = format!(
                    "argument of {word} must be type bigint, not type {}",
                    distance.sql_type.base_name()
                );
                return Err(sql_error("42804", message));
            }
            return self.cast(distance, SqlType::Int8, Context::Assignment);
        }
        let [key] = order else {
            let message =
                "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column";
            return Err(sql_error("42P20", message));
        };
        match distance_type(key.expr.sql_type, distance.sql_type) {
            Some(to) => self.cast(distance, to, Context::Implicit),
            None => Err(unsupported_distance(key.expr.sql_type, distance.sql_type)),
        }
    }
}

fn unsupported_distance(key: SqlType, distance: SqlType) -> Error {
    let mut message = format!(
        "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {}",
        key.base_name()
    );
    // Only for these has PostgreSQL distances of some type.
    if key.is_number() || is_temporal(key) {
        message += &format!(" and offset type {}", distance.base_name());
    }
    sql_error("0A000", message)
}

fn check_bounds(start: &FrameBound, end: &FrameBound) -> Result<()> {
    use FrameBound as B;
    let message = match (start, end) {
        (B::CurrentRow, B::Preceding(_)) => {
            "frame starting from current row cannot have preceding rows"
        }
        (B::Following(_), B::Preceding(_)) => {
            "frame starting from following row cannot have preceding rows"
        }
        (B::Following(_), B::CurrentRow) => {
            "frame starting from following row cannot end with current row"
        }
        _ => return Ok(()),
    };
    Err(sql_error("42P20", message))
}

fn refers_to_columns(expr: &Expr) -> bool {
    fn look(expr: &mut Expr, found: &mut bool) -> Result<()> {
        *found |= matches!(expr.kind, ExprKind::Column(_));
        operands_mut(expr, &mut |operand| look(operand, found))
    }
    let mut found = false;
    // The visit itself cannot fail.
    look(&mut expr.clone(), &mut found).is_ok() && found
}
