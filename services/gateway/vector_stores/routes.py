"""``/v1/vector_stores``."""

from __future__ import annotations

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Before, Limit, Order, resource
from services.gateway.state import State
from services.gateway.vector_stores.documents import put_files
from services.gateway.vector_stores.objects import results_of, store_object
from services.gateway.vector_stores.schemas import (
    AddFile,
    CreateVectorStore,
    SearchRequest,
    SearchResults,
    UpdateVectorStore,
    VectorStoreObject,
)
from shared.contracts.knowledge.passages import SearchPassages
from shared.errors import InvalidInput
from shared.storage.database.engine import Session
from shared.storage.database.identity import new_id
from shared.storage.knowledge import vector_stores
from shared.storage.tables.vector_stores import VectorStore
from shared.storage.training import models
from shared.storage.training.model_names import deployment_of

router = resource("Vector stores")


@router.post("/vector_stores")
def create(state: State, caller: TrainCaller, body: CreateVectorStore | None = None) -> VectorStoreObject:
    """Make a store, and begin to read its files."""
    body, now = body or CreateVectorStore(), state.clock()
    store = VectorStore(
        id=new_id("vs_"),
        created_at=now,
        name=body.name or "",
        description=body.description,
        user_metadata=body.metadata or {},
        expires_after_days=body.expires_after.days if body.expires_after else None,
        last_active_at=now,
        embedding_model=body.embedding_model,
        key_id=caller.key_id,
    )
    wanted = [
        AddFile(file_id=file_id, chunking_strategy=body.chunking_strategy)
        for file_id in dict.fromkeys(body.file_ids or ())
    ]
    with state.database.transaction() as session:
        _check_embedder(session, body.embedding_model)
        vector_stores.add(session, store)
        put_files(session, store, wanted, now)
        found = _object(session, store, now)
    if wanted:
        state.passages.wake(store.id)
    return found


def _check_embedder(session: Session, name: str | None) -> None:
    """A deployment may be empty for now; a model has to be there."""
    if name is None or deployment_of(name) is not None:
        return
    task = models.get(session, name).task
    if task not in ("embedding", "nlu"):
        raise InvalidInput(f"{name} is a model of {task!r}, which makes no embeddings.", param="embedding_model")


@router.get("/vector_stores")
def list_stores(
    state: State,
    _caller: TrainCaller,
    after: After = None,
    before: Before = None,
    limit: Limit = 20,
    order: Order = "desc",
) -> Listing[VectorStoreObject]:
    """Stores, newest first unless told otherwise."""
    with state.database.reading() as session:
        page = vector_stores.page(session, after=after, before=before, limit=limit, order=order)
        totals = vector_stores.totals(session, [store.id for store in page.items])
    now = state.clock()
    items = [store_object(store, *totals[store.id], now) for store in page.items]
    return Listing[VectorStoreObject].of(items, has_more=page.has_more)


@router.get("/vector_stores/{vector_store_id}")
def retrieve(vector_store_id: str, state: State, _caller: TrainCaller) -> VectorStoreObject:
    """One store."""
    with state.database.reading() as session:
        return _object(session, vector_stores.get(session, vector_store_id), state.clock())


@router.post("/vector_stores/{vector_store_id}")
def update(vector_store_id: str, body: UpdateVectorStore, state: State, _caller: TrainCaller) -> VectorStoreObject:
    """Change its name, its metadata or when it expires; `null` takes the last two away."""
    given = body.model_fields_set
    values: dict[str, object] = {}
    if body.name is not None:
        values["name"] = body.name
    if "metadata" in given:
        values["user_metadata"] = body.metadata or {}
    if "expires_after" in given:
        values["expires_after_days"] = body.expires_after.days if body.expires_after else None
    with state.database.transaction() as session:
        return _object(session, vector_stores.change(session, vector_store_id, values), state.clock())


@router.delete("/vector_stores/{vector_store_id}")
def delete(vector_store_id: str, state: State, _caller: TrainCaller) -> Deleted:
    """Delete a store and all that was read of its files; the files themselves stay."""
    with state.database.transaction() as session:
        vector_stores.delete(session, vector_store_id)
    return Deleted(id=vector_store_id, object="vector_store.deleted")


@router.post("/vector_stores/{vector_store_id}/search")
async def search(vector_store_id: str, body: SearchRequest, state: State, _caller: TrainCaller) -> SearchResults:
    """Find what answers a question: by words and by vectors, fused, the best judged by the model of the deployment `ranking` if there is one."""
    question = SearchPassages(
        vector_store_ids=(vector_store_id,),
        queries=body.queries,
        limit=body.max_num_results,
        filters=body.filters,
        ranking=body.ranking,
    )
    return results_of(body.queries, await state.passages.ask(question))


def _object(session: Session, store: VectorStore, now: float) -> VectorStoreObject:
    counts, usage = vector_stores.totals(session, [store.id])[store.id]
    return store_object(store, counts, usage, now)
